import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STATE } from './paths.mjs';
import { say } from './report.mjs';

const LOCK = path.join(STATE, 'setup.lock');
const POLL_MS = 200;

/**
 * Runs `work` while no other set-up of this checkout runs. The lock names its holder (process id and start time, so that a reused id is
 * not mistaken for it); one whose holder is gone is taken away.
 * @param {import('./set-up-processes.mjs').SetupProcesses} processes
 * @param {() => Promise<void>} work
 */
export async function withSetupLock(processes, work) {
  mkdirSync(STATE, { recursive: true });
  const own = JSON.stringify({ pid: process.pid, started: startTime(process.pid) });
  let told = false;
  while (!tryTake(own)) {
    processes.check();
    const holder = readHolder();
    if (holder !== null && !isAlive(holder)) removeStale(holder.text);
    else {
      if (!told && holder !== null) say(`millrace: another set-up is running (process ${holder.pid}); waiting for it`);
      told = true;
      await sleep(POLL_MS);
    }
  }
  try {
    await work();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Appears whole or not at all, so that nobody reads a lock half written. @param {string} own @returns {boolean} */
function tryTake(own) {
  const draft = `${LOCK}.${process.pid}.draft`;
  writeFileSync(draft, own);
  try {
    linkSync(draft, LOCK);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/** @returns {{ pid: number, started: string | null, text: string } | null} null when there is none (any more) */
function readHolder() {
  let text;
  try {
    text = readFileSync(LOCK, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
  const { pid, started } = JSON.parse(text);
  return { pid, started, text };
}

/** @param {{ pid: number, started: string | null }} holder */
function isAlive(holder) {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return false;
  }
  const started = startTime(holder.pid);
  return started === null || holder.started === null || started === holder.started;
}

/** Takes a stale lock away, unless another process did so first and holds a fresh one. @param {string} text */
function removeStale(text) {
  const aside = `${LOCK}.${process.pid}`;
  try {
    renameSync(LOCK, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') === text) rmSync(aside, { force: true });
  else renameSync(aside, LOCK);
}

/** When a process started, in the kernel's ticks; null where the system does not say. @param {number} pid */
function startTime(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
