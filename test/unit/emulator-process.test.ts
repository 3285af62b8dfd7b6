import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { emulatedAwsEnvironment, emulatedClientSettings, withoutAws } from '#local/aws-environment.ts';
import { startEmulator } from '#local/emulator.ts';
import { ROOT } from '#local/paths.ts';
import { endGroup, groupIsAlive } from '#local/process-group.ts';

const REAL = {
  PATH: '/bin',
  AWS_PROFILE: 'production',
  AWS_ACCESS_KEY_ID: 'AKIAREAL',
  AWS_SECRET_ACCESS_KEY: 'real',
  AWS_SESSION_TOKEN: 'real',
  AWS_ENDPOINT_URL_SQS: 'https://sqs.eu-west-1.amazonaws.com',
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.2/',
  CDK_DEFAULT_ACCOUNT: '123456789012',
};

describe('a local run cannot reach a real account', () => {
  it('takes everything of AWS out of the environment and puts the emulator in', () => {
    const environment = emulatedAwsEnvironment(REAL, 'http://127.0.0.1:4566');
    expect(environment).toEqual({
      PATH: '/bin',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:4566',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_CONFIG_FILE: expect.stringContaining('nonexistent'),
      AWS_SHARED_CREDENTIALS_FILE: expect.stringContaining('nonexistent'),
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    expect(withoutAws(REAL)).toEqual({ PATH: '/bin' });
  });

  it.each([
    'https://kinesis.eu-west-1.amazonaws.com',
    'https://amazonaws.com',
    'https://s3.cn-north-1.amazonaws.com.cn',
    'https://lambda.eu-west-1.api.aws',
  ])('refuses %s as the endpoint', (endpoint) => {
    expect(() => emulatedAwsEnvironment(REAL, endpoint)).toThrow('ENDPOINT_IS_AWS');
    expect(() => emulatedClientSettings(endpoint)).toThrow('ENDPOINT_IS_AWS');
  });
});

describe('an endpoint that someone else runs', () => {
  async function withEndpoint<T>(endpoint: string, run: () => Promise<T>): Promise<T> {
    const before = process.env.AWS_ENDPOINT_URL;
    process.env.AWS_ENDPOINT_URL = endpoint;
    try {
      return await run();
    } finally {
      if (before === undefined) delete process.env.AWS_ENDPOINT_URL;
      else process.env.AWS_ENDPOINT_URL = before;
    }
  }

  it('is used as it is, and not ended', async () => {
    const server = createServer((_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const emulator = await withEndpoint(endpoint, () => startEmulator());
    expect(emulator).toMatchObject({ endpoint, logFile: null });
    await emulator.stop();
    expect((await fetch(endpoint)).status).toBe(200);
    server.closeAllConnections();
    server.close();
  });

  it('gives one clear error when nothing answers there', async () => {
    await expect(withEndpoint('http://127.0.0.1:9', () => startEmulator())).rejects.toThrow(
      /^EMULATOR_UNREACHABLE: endpoint=http:\/\/127\.0\.0\.1:9 .*unset it/,
    );
  });
});

describe('process groups', () => {
  it('ends every process of a group, also one that ignores SIGTERM', async () => {
    const script = `trap '' TERM; sleep 60 & echo $!; wait; wait`;
    const child = spawn('sh', ['-c', script], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const leader = child.pid ?? 0;
    expect(groupIsAlive(leader)).toBe(true);
    await endGroup(leader, 100);
    expect(groupIsAlive(leader)).toBe(false);
  });
});

describe('a task whose runner is gone', () => {
  it('T7: is told to stop, as the runner would have', async () => {
    const guard = path.join(ROOT, 'local/task-guard.mjs');
    const program = path.join(ROOT, 'test/support/programs/obedient-task.mjs');
    const child = spawn(process.execPath, ['--import', guard, program], {
      env: { PATH: process.env.PATH, MILLRACE_HTTP_PORT: '0', MILLRACE_ENGINE: 'engine-1' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    await expect.poll(() => said).toContain('started');
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.stdin.destroy();
    expect(await ended).toBe(0);
    expect(said).toContain('told to stop');
  });
});

describe('what the emulator runs on', () => {
  it('is pinned', () => {
    const requirements = readFileSync(path.join(ROOT, 'local/python-requirements.txt'), 'utf8');
    expect(requirements).toMatch(/^ministack==\d+\.\d+\.\d+$/m);
    expect(existsSync(path.join(ROOT, 'local/emulator-launcher.py'))).toBe(true);
  });
});
