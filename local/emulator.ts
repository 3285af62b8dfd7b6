import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError, messageOf } from '#core/errors.ts';
import { emulatedAwsEnvironment, LOCAL_REGION, withoutAws } from './aws-environment.ts';
import { freePort } from './free-port.ts';
import { LOGS, ROOT, STATE } from './paths.ts';
import { endGroup, signalGroup } from './process-group.ts';
import { announceEmulator } from './running-emulators.ts';

const VENV_PYTHON = path.join(STATE, 'venv/bin/python');
const START_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 3000;
const HEALTH_POLL_MS = 50;
const LOG_TAIL_CHARS = 1500;

/** AWS on this machine. */
export interface Emulator {
  /** `http://127.0.0.1:<port>`; by address, so that S3 goes path-style and no name is looked up. */
  readonly endpoint: string;
  /** The environment for child processes that talk to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its log; null for an endpoint that someone else runs. */
  readonly logFile: string | null;
  /** Settles when it ends on its own, with its exit code or signal; never for an endpoint that someone else runs. */
  readonly ended: Promise<string>;
  /** Ends it with all its Lambda workers and removes its data. Returns when no process of it is left; harmless twice. */
  stop(): Promise<void>;
}

export interface EmulatorOptions {
  /** Cancels the start; a start that is cancelled leaves nothing running. */
  readonly signal?: AbortSignal;
  /** Divides the waits of Step Functions, so that tests need not wait for deadlines. 1 = real time (default). */
  readonly stepFunctionsWaitScale?: number;
  /** Further settings of the emulator, for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Name of the log file without ending; default `emulator`. */
  readonly name?: string;
}

/** Whether the set-up has made the emulator's virtual environment. */
export function emulatorIsInstalled(): boolean {
  return existsSync(VENV_PYTHON);
}

/**
 * Starts an emulator of its own on a free port, or takes the endpoint that `AWS_ENDPOINT_URL` names, and waits until it answers.
 * @throws MillraceError EMULATOR_NOT_INSTALLED, EMULATOR_FAILED, EMULATOR_UNREACHABLE, EMULATOR_CANCELLED, ENDPOINT_IS_AWS
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const given = process.env.AWS_ENDPOINT_URL;
  return given === undefined || given === '' ? startOwn(options) : attach(given, options);
}

async function attach(endpoint: string, options: EmulatorOptions): Promise<Emulator> {
  const environment = emulatedAwsEnvironment(process.env, endpoint);
  try {
    await fetch(endpoint, { signal: AbortSignal.any([AbortSignal.timeout(5000), ...signals(options)]) });
  } catch (thrown) {
    throw new MillraceError(
      'configuration',
      'EMULATOR_UNREACHABLE',
      `endpoint=${endpoint} reason=${messageOf(thrown)}. AWS_ENDPOINT_URL is set: start what it names, or unset it for the emulator that comes with the project`,
      { cause: thrown },
    );
  }
  return { endpoint, environment, logFile: null, ended: new Promise(() => undefined), stop: async () => undefined };
}

async function startOwn(options: EmulatorOptions): Promise<Emulator> {
  if (!emulatorIsInstalled())
    throw new MillraceError('configuration', 'EMULATOR_NOT_INSTALLED', 'run `node local/bootstrap.mjs set-up` first');
  options.signal?.throwIfAborted();
  mkdirSync(LOGS, { recursive: true });
  // Outside of the project, so that a Lambda finds neither its package.json nor its node_modules: what was not bundled is missing, as on AWS.
  const data = mkdtempSync(path.join(tmpdir(), `millrace-emulator-${process.pid}-`));
  mkdirSync(path.join(data, 'tmp'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const logFile = path.join(LOGS, `${options.name ?? 'emulator'}.log`);
  const log = openSync(logFile, 'w');
  const child = spawn(VENV_PYTHON, [path.join(import.meta.dirname, 'emulator-launcher.py')], {
    cwd: data,
    detached: true,
    stdio: ['pipe', log, log],
    env: emulatorEnvironment(port, data, options),
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`));
  });
  const leader = child.pid;
  let stopping: Promise<void> | null = null;
  let takeBack = (): void => undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      process.off('exit', lastResort);
      takeBack();
      if (leader !== undefined) await endGroup(leader, STOP_GRACE_MS);
      child.stdin?.destroy();
      rmSync(data, { recursive: true, force: true });
    })();
    return stopping;
  };
  const lastResort = () => {
    takeBack();
    if (leader !== undefined) signalGroup(leader, 'SIGKILL');
    rmSync(data, { recursive: true, force: true });
  };
  process.on('exit', lastResort);
  try {
    await untilHealthy(endpoint, ended, options);
  } catch (thrown) {
    await stop();
    if (options.signal?.aborted === true)
      throw new MillraceError('configuration', 'EMULATOR_CANCELLED', 'the start was interrupted', { cause: thrown });
    throw new MillraceError(
      'configuration',
      'EMULATOR_FAILED',
      `reason=${messageOf(thrown)} log=${path.relative(ROOT, logFile)}\n${tail(logFile)}`,
      { cause: thrown },
    );
  }
  // Those with a name are of tests, and nobody's to find.
  if (options.name === undefined) takeBack = announceEmulator(endpoint);
  return { endpoint, environment: emulatedAwsEnvironment(process.env, endpoint), logFile, ended, stop };
}

/** The emulator's settings; its Lambdas run on the first `node` of its PATH, which is ours. */
function emulatorEnvironment(port: number, data: string, options: EmulatorOptions): Record<string, string> {
  const base = withoutAws(process.env);
  return {
    ...base,
    PATH: `${path.dirname(process.execPath)}${path.delimiter}${base.PATH ?? ''}`,
    HOME: data,
    TMPDIR: path.join(data, 'tmp'),
    STATE_DIR: path.join(data, 'state'),
    S3_DATA_DIR: path.join(data, 's3'),
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    MINISTACK_HOST: '127.0.0.1',
    MINISTACK_REGION: LOCAL_REGION,
    AWS_CONFIG_FILE: path.join(data, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(data, 'none'),
    AWS_EC2_METADATA_DISABLED: 'true',
    DOCKER_HOST: `unix://${path.join(data, 'no-docker')}`,
    LAMBDA_EXECUTOR: 'local',
    SFN_WAIT_SCALE: String(options.stepFunctionsWaitScale ?? 1),
    LOG_LEVEL: 'WARNING',
    PYTHONUNBUFFERED: '1',
    ...options.settings,
  };
}

async function untilHealthy(endpoint: string, ended: Promise<string>, options: EmulatorOptions): Promise<void> {
  let over: string | null = null;
  void ended.then((how) => {
    over = how;
  });
  const deadline = performance.now() + START_TIMEOUT_MS;
  let last = 'no answer';
  while (performance.now() < deadline) {
    options.signal?.throwIfAborted();
    if (over !== null) throw new Error(`it ended: ${over}`);
    try {
      const answer = await fetch(`${endpoint}/_ministack/ready`, { signal: AbortSignal.timeout(2000) });
      await answer.arrayBuffer();
      if (answer.ok) return;
      last = `status ${answer.status}`;
    } catch (thrown) {
      last = messageOf(thrown);
    }
    await sleep(HEALTH_POLL_MS);
  }
  throw new Error(`not ready after ${START_TIMEOUT_MS} ms: ${last}`);
}

function signals(options: EmulatorOptions): AbortSignal[] {
  return options.signal === undefined ? [] : [options.signal];
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').slice(-LOG_TAIL_CHARS).trimEnd();
}
