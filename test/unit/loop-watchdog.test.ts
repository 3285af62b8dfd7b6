import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const PROGRAM = path.resolve(import.meta.dirname, '../support/programs/hanging-loop.ts');
const LIMIT_MS = 1_000;

/** A process with a beating loop, how it ended, and what it said. */
async function start() {
  const child = spawn(process.execPath, [PROGRAM, String(LIMIT_MS)], { stdio: 'pipe' });
  let said = '';
  child.stderr.on('data', (text) => {
    said += String(text);
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_code, signal) => resolve(signal)),
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return { child, ended, said: () => said };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const children = new Set<ReturnType<typeof spawn>>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

describe('the watchdog of the event loop', () => {
  it('H13: a loop that hangs ends the process with a word about it; one that was merely stopped goes on', async () => {
    const [hanging, stopped] = await Promise.all([start(), start()]);
    children.add(hanging.child).add(stopped.child);
    hanging.child.stdin.write('hang\n');
    stopped.child.kill('SIGSTOP');
    expect(await hanging.ended).toBe('SIGKILL');
    expect(JSON.parse(hanging.said())).toMatchObject({
      level: 'CRITICAL',
      message: 'the event loop hangs, the process ends',
      engine: 'engine-test',
      reason: expect.stringContaining('the event loop has not moved for'),
    });
    await pause(300);
    stopped.child.kill('SIGCONT');
    await pause(700);
    expect(stopped.child.exitCode).toBeNull();
    expect(stopped.child.signalCode).toBeNull();
    expect(stopped.said()).toBe('');
  });
});
