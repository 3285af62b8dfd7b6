import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { STATE } from '../paths.ts';

const JOURNALS = path.join(STATE, 'journals');

/**
 * The folder for the journals of this process's engines. What a journal holds is for streams that end with the run: those that runs which were cut off have left
 * are removed.
 */
export function makeRunJournals(folder = JOURNALS): string {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (!isRunning(Number(name))) rmSync(path.join(folder, name), { recursive: true, force: true });
  const own = path.join(folder, String(process.pid));
  mkdirSync(own, { recursive: true });
  return own;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Anything but "no such process" means that there is one.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
