import path from 'node:path';
import { ROOT } from '#local/paths.ts';
import { messageIn } from '#local/start/engine-lines.ts';
import { askEngines, type EngineStatus } from '#local/start/engine-status.ts';
import type { ContainerDefinition } from '#local/task-definition.ts';
import { startTaskService } from '#local/tasks.ts';
import type { ProcessVenue } from './engine-process-venue.ts';
import { type LinkMode, openTcpLink, type TcpLink } from './tcp-link.ts';

const ENGINE_MAIN = path.join(ROOT, 'containers/engine/main.ts');
/** One that was struck stays away: who strikes it says what comes after it. */
const NEVER_MS = 30_000;
const KEPT_LINES = 200;

/** What an engine is connected to. */
export interface EngineLinks {
  readonly venues: readonly ProcessVenue[];
  /** Of the emulated AWS. */
  readonly endpoint: string;
}

/** One real engine process; its lines to the venues and to AWS are in the test's hands. */
export interface EngineProcess {
  readonly name: string;
  /** As the lease table and the events know it. */
  readonly holder: string;
  readonly pid: number;
  /** Null while it does not answer: it is starting, stopped or gone. */
  status(): Promise<EngineStatus | null>;
  /** SIGSTOP, SIGCONT, SIGHUP, …; false if it has ended. */
  signal(signal: NodeJS.Signals): boolean;
  /** SIGKILL, sent before this returns. Resolves when the process is gone; nothing is started in its place. */
  kill(): Promise<void>;
  /** SIGTERM, and the orderly end. */
  stop(): Promise<void>;
  /** What its lines to all venues, or to AWS, do with bytes. */
  link(to: 'venues' | 'aws', mode: LinkMode): void;
  /** The newest warnings and errors that it has logged. */
  readonly complaints: readonly string[];
}

export interface EngineProcessOptions {
  readonly name: string;
  readonly definition: ContainerDefinition;
  readonly journals: string;
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly links: EngineLinks;
  readonly onEnd: () => void;
}

export async function startEngineProcess(options: EngineProcessOptions): Promise<EngineProcess> {
  const { name, definition, links } = options;
  const aws = await openTcpLink(Number(new URL(links.endpoint).port));
  const toVenues: TcpLink[] = [];
  const endpoints: Record<string, Record<string, string>> = {};
  for (const { venue, server } of links.venues) {
    const link = await openTcpLink(server.port);
    toVenues.push(link);
    endpoints[venue] = Object.fromEntries(Object.entries(server.urls).map(([role, url]) => [role, link.through(url)]));
  }
  const complaints: string[] = [];
  let over = false;
  const service = await startTaskService({
    definition: { ...definition, name: `${definition.name}-${name}` },
    count: 1,
    program: ENGINE_MAIN,
    awsEnvironment: { ...options.awsEnvironment, AWS_ENDPOINT_URL: aws.through(links.endpoint) },
    environment: { MILLRACE_VENUE_ENDPOINTS: JSON.stringify(endpoints), ...options.environment },
    journals: options.journals,
    restartDelayMs: NEVER_MS,
    onLine(_task, line, stream) {
      if (stream !== 'stderr' && !/"level":"(WARN|ERROR|CRITICAL)"/.test(line)) return;
      complaints.push(messageIn(line));
      if (complaints.length > KEPT_LINES) complaints.splice(0, KEPT_LINES / 2);
    },
    onExit(exit) {
      over = true;
      options.onEnd();
      if (!exit.expected) void service.stop();
    },
  });
  const [task] = service.tasks();
  if (task === undefined) throw new Error(`engine ${name} did not start`);

  let ending: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    // One that was stopped hears nothing else.
    service.kill(task.name, 'SIGCONT');
    await service.stop();
    await Promise.all([aws, ...toVenues].map((link) => link.close()));
  };

  return {
    name,
    holder: task.name,
    pid: task.pid,
    async status() {
      if (over) return null;
      return (await askEngines([task])).engines.get(task.name) ?? null;
    },
    signal: (signal) => service.kill(task.name, signal),
    kill() {
      service.kill(task.name, 'SIGKILL');
      ending ??= end();
      return ending;
    },
    stop() {
      ending ??= end();
      return ending;
    },
    link(to, mode) {
      for (const link of to === 'aws' ? [aws] : toVenues) link.mode = mode;
    },
    complaints,
  };
}
