import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { ROOT } from './paths.mjs';

/**
 * Runs a program in the foreground: stdio inherited, its folder first in PATH so that its children find the same Node. SIGTERM and
 * SIGHUP are passed on; so is SIGINT unless a terminal has delivered it to both already. Resolves with the exit code, 128 + n for signal n.
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
export function runForeground(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: process.cwd(),
      stdio: 'inherit',
      env: {
        ...process.env,
        MILLRACE_ROOT: ROOT,
        PATH: [path.dirname(program), path.join(ROOT, 'node_modules/.bin'), process.env.PATH].join(path.delimiter),
      },
    });
    const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
      const pass = () => {
        if (signal === 'SIGINT' && process.stdin.isTTY) return;
        child.kill(signal);
      };
      process.on(signal, pass);
      return () => process.off(signal, pass);
    });
    const settle = () => {
      for (const stop of forwarded) stop();
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      settle();
      resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 1));
    });
  });
}
