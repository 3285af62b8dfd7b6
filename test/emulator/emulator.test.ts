import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { expect, it } from 'vitest';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import { startEmulator } from '#local/emulator.ts';
import { ROOT } from '#local/paths.ts';
import { describeWithEmulator } from '../support/emulator.ts';
import { scriptedFunction } from '../support/scripted-function.ts';

/** Processes of this machine whose command line holds `text` (Linux). */
function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // It has ended meanwhile.
      }
    })
    .map(Number);
}

/** The data folders of emulators that a process has started. */
const dataFolders = (pid = process.pid) =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`millrace-emulator-${pid}-`));

describeWithEmulator('the emulator of a run', (running) => {
  it('T7: ends with every Lambda worker it started, and leaves no data', async () => {
    const before = dataFolders();
    const emulator = await startEmulator({ name: 'emulator-test-stop' });
    const data = dataFolders().find((name) => !before.includes(name)) ?? 'none';
    const lambda = new LambdaClient(emulatedClientSettings(emulator.endpoint));
    const worker = await scriptedFunction(lambda, 'worker', () => ({ fine: true }));
    const answer = await lambda.send(new InvokeCommand({ FunctionName: 'worker', Payload: '{}' }));
    expect(JSON.parse(answer.Payload?.transformToString() ?? '')).toEqual({ fine: true });
    expect(processesWith(data).length).toBeGreaterThan(0);
    await emulator.stop();
    await worker.close();
    expect(processesWith(data)).toEqual([]);
    expect(dataFolders()).not.toContain(data);
    await expect(fetch(emulator.endpoint)).rejects.toThrow();
    await emulator.stop();
  });

  it('runs Lambdas on the Node of the project, with nothing of the project within reach', async () => {
    const lambda = new LambdaClient(emulatedClientSettings(running().endpoint));
    let seen: unknown;
    const worker = await scriptedFunction(
      lambda,
      'what-node',
      (event) => {
        seen = event;
        return null;
      },
      `export async function handler() {
        const sdk = await import('zod').then(() => 'found', (error) => error.code);
        return fetch(process.env.SCRIPT_URL, { method: 'POST', body: JSON.stringify({ version: process.version, sdk, region: process.env.AWS_REGION, profile: process.env.AWS_PROFILE ?? null }) }).then(() => null);
      }`,
    );
    await lambda.send(new InvokeCommand({ FunctionName: 'what-node', Payload: '{}' }));
    await worker.close();
    expect(seen).toEqual({ version: process.version, sdk: 'ERR_MODULE_NOT_FOUND', region: 'us-east-1', profile: null });
  });

  it('a start that is cancelled leaves nothing running', async () => {
    const cancel = new AbortController();
    const before = dataFolders();
    const starting = startEmulator({ signal: cancel.signal, name: 'emulator-test-cancel' });
    setTimeout(() => cancel.abort(), 30);
    await expect(starting).rejects.toThrow('EMULATOR_CANCELLED');
    expect(dataFolders()).toEqual(before);
  });

  it('ends with its starter, however suddenly that goes', async () => {
    const script = `const { startEmulator } = await import('#local/emulator.ts'); const e = await startEmulator({ name: 'emulator-test-orphan' }); console.log(e.endpoint); setInterval(() => 0, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, AWS_ENDPOINT_URL: '' },
    });
    const endpoint = await new Promise<string>((resolve) =>
      starter.stdout.once('data', (chunk) => resolve(String(chunk).trim())),
    );
    expect((await fetch(`${endpoint}/_ministack/health`)).ok).toBe(true);
    expect(dataFolders(starter.pid)).toHaveLength(1);
    starter.kill('SIGKILL');
    await expect
      .poll(
        () =>
          fetch(endpoint).then(
            () => 'answers',
            () => 'gone',
          ),
        { timeout: 5000 },
      )
      .toBe('gone');
    await expect.poll(() => dataFolders(starter.pid), { timeout: 5000 }).toEqual([]);
  });

  it('a fault of the emulator itself is one clear error with the end of its log', async () => {
    await expect(startEmulator({ name: 'emulator-test-fault', settings: { GATEWAY_PORT: 'no-port' } })).rejects.toThrow(
      /^EMULATOR_FAILED: .*log=\.millrace\/logs\/emulator-test-fault\.log[\s\S]*invalid literal/,
    );
  });
});
