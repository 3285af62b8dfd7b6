import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { groupIsAlive } from '#local/process-group.ts';
import type { ContainerDefinition } from '#local/task-definition.ts';
import { startTaskService, type TaskExit, type TaskService, type TaskServiceOptions } from '#local/tasks.ts';

const PROGRAM = path.join(import.meta.dirname, '../support/programs/obedient-task.mjs');
const definition: ContainerDefinition = {
  name: 'engine',
  image: 'node:24',
  command: ['node', '--enable-source-maps', 'main.mjs'],
  environment: { MILLRACE_ENVIRONMENT: 'local', MILLRACE_HTTP_PORT: '8080', MILLRACE_JOURNAL: '/var/lib/millrace' },
  stopTimeoutMs: 400,
};
const greeting = z.object({
  started: z.string(),
  environment: z.record(z.string(), z.string()),
  flags: z.array(z.string()),
});

describe('the local service of tasks', () => {
  const folders: string[] = [];
  const services: TaskService[] = [];

  afterEach(async () => {
    for (const service of services.splice(0)) await service.stop();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  async function service(options: Partial<TaskServiceOptions> = {}) {
    const journals = mkdtempSync(path.join(tmpdir(), 'millrace-tasks-'));
    folders.push(journals);
    const lines: string[] = [];
    const exits: TaskExit[] = [];
    const started = await startTaskService({
      definition,
      count: 1,
      program: PROGRAM,
      awsEnvironment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', HOME: '/home/person' },
      journals,
      onLine: (_, line) => lines.push(line),
      onExit: (exit) => exits.push(exit),
      restartDelayMs: 20,
      ...options,
    });
    services.push(started);
    const said = (text: string) =>
      expect.poll(() => lines.some((line) => line.includes(text)), { timeout: 5000 }).toBe(true);
    return { started, lines, exits, said, journals };
  }

  it('gives each task what its definition says, a port and a disk of its own, and nothing of the person at the machine', async () => {
    process.env.SECRET_OF_THE_PERSON = 'x';
    const { started, lines, said, journals } = await service({ count: 2 });
    await said('engine-1"');
    await said('engine-2"');
    delete process.env.SECRET_OF_THE_PERSON;
    const [first, second] = started.tasks();
    expect([first?.name, second?.name]).toEqual(['engine-1', 'engine-2']);
    expect(first?.httpPort).not.toBe(second?.httpPort);
    for (const task of started.tasks()) {
      const line = lines.find((each) => each.includes(`"started":"${task.name}"`)) ?? '';
      const { environment, flags } = greeting.parse(JSON.parse(line));
      expect(environment).toMatchObject({
        MILLRACE_ENVIRONMENT: 'local',
        MILLRACE_ENGINE: task.name,
        MILLRACE_HTTP_PORT: String(task.httpPort),
        MILLRACE_JOURNAL: path.join(journals, task.name),
        AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      });
      expect(Object.keys(environment)).not.toContain('SECRET_OF_THE_PERSON');
      expect(Object.keys(environment)).not.toContain('HOME');
      expect(flags).toContain('--enable-source-maps');
      expect(await (await fetch(`http://127.0.0.1:${task.httpPort}/health`)).text()).toBe('well');
    }
  });

  it('T7: stops with SIGTERM, and no process is left', async () => {
    const { started, said, exits } = await service();
    await said('started');
    const pid = started.tasks()[0]?.pid ?? 0;
    await started.stop();
    await said('told to stop');
    expect(exits).toMatchObject([{ code: 0, expected: true }]);
    expect(groupIsAlive(pid)).toBe(false);
    expect(started.tasks()).toEqual([]);
  });

  it('T7: kills a task that does not end within its stop timeout', async () => {
    const { started, said, exits } = await service({ environment: { IGNORE_SIGTERM: '1' } });
    await said('started');
    const began = performance.now();
    await started.stop();
    expect(performance.now() - began).toBeGreaterThanOrEqual(definition.stopTimeoutMs);
    expect(exits).toMatchObject([{ signal: 'SIGKILL', expected: true }]);
  });

  it('R8: replaces a task that was killed by one with a name and a disk of its own', async () => {
    const { started, said, exits } = await service();
    await said('engine-1"');
    expect(started.kill('engine-1', 'SIGKILL')).toBe(true);
    await said('engine-1-r1"');
    expect(exits).toMatchObject([{ signal: 'SIGKILL', expected: false, task: { name: 'engine-1' } }]);
    expect(started.restarts()).toBe(1);
    expect(started.kill('engine-1', 'SIGKILL')).toBe(false);
  });

  it('waits longer and longer before it replaces a task that keeps crashing', async () => {
    const { started, exits } = await service({ environment: { CRASH: '1' }, restartDelayMs: 30 });
    await expect.poll(() => exits.length, { timeout: 8000 }).toBeGreaterThanOrEqual(3);
    const starts = exits.map(({ task }) => task.startedAtMs);
    const [first = 0, second = 0, third = 0] = starts;
    expect(third - second).toBeGreaterThan(30 + 50);
    expect(second - first).toBeGreaterThan(30);
    await started.stop();
    const after = exits.length;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(exits.length).toBe(after);
  });
});
