import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';
import { LOGS } from './paths.ts';
import { endGroup, signalGroup } from './process-group.ts';
import type { ContainerDefinition } from './task-definition.ts';

/** A task at work. */
export interface Task {
  /** Unlike any other, also of the tasks it replaces: `engine-1`, then `engine-1-r1`, … */
  readonly name: string;
  /** Its place in the service, from 1. */
  readonly slot: number;
  readonly pid: number;
  /** Of `/health` and `/metrics`. */
  readonly httpPort: number;
  readonly startedAtMs: number;
}

export interface TaskExit {
  readonly task: Task;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether it was told to, by `stop`. */
  readonly expected: boolean;
}

/** Runs a deployed task definition as child processes, as a service of ECS would: so many tasks at a time, each that ends replaced. */
export interface TaskService {
  /** Those that run now, by slot. */
  tasks(): readonly Task[];
  /** Signals one task as an outsider would (`SIGKILL`: a crash); the service then replaces it. False if it does not run. */
  kill(name: string, signal: NodeJS.Signals): boolean;
  /** How many tasks were started in place of one that had ended. */
  restarts(): number;
  /** SIGTERM to all, SIGKILL after the definition's stop timeout. Returns when no process is left; harmless twice. */
  stop(): Promise<void>;
}

export interface TaskServiceOptions {
  readonly definition: ContainerDefinition;
  /** Tasks at a time. */
  readonly count: number;
  /** What runs in place of the image's program, a TypeScript or JavaScript file. */
  readonly program: string;
  /** The emulator's environment: endpoint, region, test credentials. Only its AWS variables reach the task. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
  /** Further variables, over those of the definition. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Folder that gets a folder per task, as each container has a disk of its own. */
  readonly journals: string;
  readonly onLine?: (task: Task, line: string, stream: 'stdout' | 'stderr') => void;
  readonly onExit?: (exit: TaskExit) => void;
  /** First wait before a task that ended is replaced; doubled for each that lives less than ten seconds. Default 1000. */
  readonly restartDelayMs?: number;
}

const RESTART_CAP_MS = 30_000;
const LONG_ENOUGH_MS = 10_000;
const GUARD = path.join(import.meta.dirname, 'task-guard.mjs');

interface Running {
  readonly task: Task;
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

/** Starts a service. Resolves when all its tasks have been started (not: are healthy). */
export async function startTaskService(options: TaskServiceOptions): Promise<TaskService> {
  const { definition, count } = options;
  const running = new Map<number, Running>();
  const timers = new Set<NodeJS.Timeout>();
  const starting = new Set<Promise<void>>();
  let stopping: Promise<void> | null = null;
  let restarts = 0;
  mkdirSync(LOGS, { recursive: true });

  const start = async (slot: number, generation: number, shortLives: number): Promise<void> => {
    const name = `${definition.name}-${slot}${generation === 0 ? '' : `-r${generation}`}`;
    const httpPort = await freePort();
    if (stopping !== null) return;
    const journal = path.join(options.journals, name);
    mkdirSync(journal, { recursive: true });
    const child = spawn(process.execPath, ['--import', GUARD, ...nodeFlags(definition.command), options.program], {
      cwd: journal,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...taskEnvironment(options),
        MILLRACE_ENGINE: name,
        MILLRACE_HTTP_PORT: String(httpPort),
        MILLRACE_JOURNAL: journal,
        MILLRACE_TASK_STOP_TIMEOUT_MS: String(definition.stopTimeoutMs),
      },
    });
    // A task that has ended closes its end; nothing is ever written.
    child.stdin.on('error', () => child.stdin.destroy());
    const task: Task = { name, slot, pid: child.pid ?? -1, httpPort, startedAtMs: Date.now() };
    const began = performance.now();
    const log = createWriteStream(path.join(LOGS, `${name}.log`));
    for (const stream of ['stdout', 'stderr'] as const)
      createInterface({ input: child[stream] }).on('line', (line) => {
        log.write(`${line}\n`);
        options.onLine?.(task, line, stream);
      });
    const ended = new Promise<void>((resolve) => {
      let over = false;
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        if (over) return;
        over = true;
        log.end();
        running.delete(slot);
        const expected = stopping !== null;
        options.onExit?.({ task, code, signal, expected });
        if (!expected) replace(slot, generation, performance.now() - began < LONG_ENOUGH_MS ? shortLives + 1 : 0);
        resolve();
      };
      child.once('error', () => end(null, null));
      // Whatever the task had started ends with it, as with a container.
      child.once('exit', () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'));
      child.once('close', end);
    });
    running.set(slot, { task, child, ended });
  };

  const replace = (slot: number, generation: number, shortLives: number): void => {
    const delay = Math.min(RESTART_CAP_MS, (options.restartDelayMs ?? 1000) * 2 ** Math.max(0, shortLives - 1));
    const timer = setTimeout(() => {
      timers.delete(timer);
      restarts += 1;
      const begun = start(slot, generation + 1, shortLives).finally(() => starting.delete(begun));
      starting.add(begun);
    }, delay);
    timers.add(timer);
  };

  const lastResort = () => {
    for (const { child } of running.values()) if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  process.on('exit', lastResort);

  await Promise.all(Array.from({ length: count }, (_, index) => start(index + 1, 0, 0)));
  return {
    tasks: () => [...running.values()].map(({ task }) => task).sort((a, b) => a.slot - b.slot),
    kill(name, signal) {
      const found = [...running.values()].find(({ task }) => task.name === name);
      return found?.child.kill(signal) ?? false;
    },
    restarts: () => restarts,
    stop() {
      stopping ??= (async () => {
        for (const timer of timers) clearTimeout(timer);
        // Set before the first await, so that a task whose start is under way does not begin.
        await Promise.resolve();
        await Promise.all(starting);
        await Promise.all(
          [...running.values()].map(async ({ child, ended }) => {
            if (child.pid !== undefined) await endGroup(child.pid, definition.stopTimeoutMs);
            await ended;
          }),
        );
        process.off('exit', lastResort);
      })();
      return stopping;
    },
  };
}

/** The flags of `node --flag … main.mjs`. */
function nodeFlags(command: readonly string[]): readonly string[] {
  return command[0] === 'node' ? command.slice(1, -1).filter((argument) => argument.startsWith('--')) : [];
}

/** Exactly what the container would have: the definition's variables and the service's access to AWS, nothing of the person at the machine. */
function taskEnvironment(options: TaskServiceOptions): Record<string, string> {
  const aws = Object.entries(options.awsEnvironment).filter(([name]) => name.startsWith('AWS_'));
  return {
    PATH: path.dirname(process.execPath),
    ...Object.fromEntries(aws),
    ...options.definition.environment,
    ...options.environment,
  };
}
