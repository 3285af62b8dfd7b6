import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { SetupError, say } from './report.mjs';

/** What is kept of a program's output: its beginning, where the fault is named, and its end. */
const KEPT_CHARS = 1500;
const PROGRESS_MS = 5000;
const KILL_AFTER_MS = 3000;

/**
 * The children of the set-up. Each is the leader of a process group of its own, so that a signal in mid-way ends it with everything it
 * started: the set-up then stops with one line and leaves no half state behind, since stamps are written only after success.
 */
export class SetupProcesses {
  #interrupted = null;
  #active = new Set();
  #listeners = [];

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      const listener = () => this.#interrupt(signal);
      process.on(signal, listener);
      this.#listeners.push(() => process.off(signal, listener));
    }
  }

  /** Stops listening to signals. */
  release() {
    for (const stop of this.#listeners) stop();
  }

  /** @throws {SetupError} SETUP_INTERRUPTED after a signal */
  check() {
    if (this.#interrupted === null) return;
    throw new SetupError(
      'SETUP_INTERRUPTED',
      `signal=${this.#interrupted}. Nothing is left running; run the command again to continue.`,
      128 + constants.signals[this.#interrupted],
    );
  }

  #interrupt(signal) {
    this.#interrupted ??= signal;
    for (const child of this.#active) endGroup(child, 'SIGTERM');
  }

  /**
   * Runs a program to its end with a progress line now and then. Its output is shown only when it fails, by the caller.
   * @param {string} label
   * @param {string} program
   * @param {readonly string[]} args
   * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
   * @returns {Promise<{ code: number, output: string }>} the exit code (-1: could not be started) and the beginning and end of its output
   */
  async run(label, program, args, options = {}) {
    this.check();
    const started = Date.now();
    if (label !== '') say(`millrace: ${label}`);
    const progress = setInterval(() => {
      if (label !== '') say(`millrace: ${label} (${Math.round((Date.now() - started) / 1000)} s)`);
    }, PROGRESS_MS);
    try {
      return await new Promise((resolve) => {
        const child = spawn(program, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
        this.#active.add(child);
        let head = '';
        let tail = '';
        const keep = (chunk) => {
          const room = KEPT_CHARS - head.length;
          head += chunk.slice(0, room);
          tail = (tail + chunk.slice(room)).slice(-KEPT_CHARS);
        };
        child.stdout.setEncoding('utf8').on('data', keep);
        child.stderr.setEncoding('utf8').on('data', keep);
        child.once('error', (error) => {
          this.#active.delete(child);
          resolve({ code: -1, output: error.message });
        });
        child.once('close', (code) => {
          this.#active.delete(child);
          resolve({ code: code ?? 1, output: tail.length < KEPT_CHARS ? head + tail : `${head}\n…\n${tail}` });
        });
      });
    } finally {
      clearInterval(progress);
      this.check();
    }
  }
}

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
function endGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
    return;
  }
  if (signal === 'SIGTERM') setTimeout(() => endGroup(child, 'SIGKILL'), KILL_AFTER_MS).unref();
}
