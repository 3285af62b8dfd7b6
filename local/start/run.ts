import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { archivedFrameCounts, copyArchive } from '#aws/archive.ts';
import { countConfirmations, type ListedConfirmation } from '#aws/confirmations.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { emulatedClientSettings } from '../aws-environment.ts';
import { deploy } from '../deploy.ts';
import { startEmulator } from '../emulator.ts';
import { startEventSourcePoller } from '../event-source-poller/event-source-poller.ts';
import { ROOT } from '../paths.ts';
import { startTaskService, type TaskExit } from '../tasks.ts';
import type { RunArguments } from './arguments.ts';
import { readEngineDefinition, writeConfiguration, writeSecrets } from './cloud.ts';
import { lastWordOf, messageIn } from './engine-lines.ts';
import { askEngines, type EngineAnswers, type EngineStatus } from './engine-status.ts';
import { noteOf } from './event-note.ts';
import { createRateMeter, plainLine, type RunView, renderView } from './live-view.ts';
import { countOrders } from './order-counts.ts';
import { positionRows } from './position-rows.ts';
import { LOCAL_ACCOUNT, runConfiguration, scannedConfiguration } from './run-configuration.ts';
import { awaitConfirmations, endingsOf } from './run-confirmations.ts';
import { makeRunJournals } from './run-journals.ts';
import { createScreen, type ScreenOutput } from './screen.ts';
import { startVenues } from './simulated-venues.ts';
import { explainDifferences, type RunFacts, type RunSummary, summarize } from './summary.ts';
import { tailTradingStream } from './trading-tail.ts';

const ENGINE_MAIN = path.join(ROOT, 'containers/engine/main.ts');
const LOOK_MS = 500;
const LEDGER_LOOK_MS = 2_000;
const DRAIN_MS = 30_000;
const START_TRADING_MS = 60_000;

/** A running pipeline in the hands of a test. */
export interface RunControl {
  /** What each engine that answers says of itself. */
  engines(): Promise<readonly EngineStatus[]>;
  /** Signals one engine as an outsider would. False if it does not run. */
  kill(engine: string, signal: NodeJS.Signals): boolean;
  /** The client order ids of every order that a venue has taken so far, by the venue's own list. */
  venueOrders(): readonly string[];
  /** Everything told on the trading stream so far. */
  readonly events: readonly TradingEvent[];
  /** The venue keys and secrets of this run, which nothing may ever write down. */
  readonly secrets: readonly string[];
}

/** Where a test takes a run into its hands. */
export interface RunHooks {
  readonly output?: ScreenOutput;
  /** Further variables of the engines, such as another address of one service. */
  readonly engineEnvironment?: (endpoint: string) => Promise<Readonly<Record<string, string>>>;
  /** Trading has begun. */
  readonly onTrading?: (control: RunControl) => void;
}

/** What a run leaves behind for whoever asks: its summary, or null when it ended before it traded. */
export interface RunEnd {
  readonly summary: RunSummary | null;
  /** What breaks an invariant, a line each. */
  readonly differences: readonly string[];
}

/**
 * The whole pipeline on this machine: venues, AWS, engines, Lambdas; sets up, trades, ends in order. `signal` ends it early: before trading at once, while trading
 * as at the end of its time.
 */
export async function run(args: RunArguments, signal: AbortSignal, hooks: RunHooks = {}): Promise<RunEnd> {
  const screen = createScreen(hooks.output ?? process.stdout);
  await using closers = new AsyncDisposableStack();
  const began = performance.now();
  const step = (text: string) =>
    screen.line(`[${((performance.now() - began) / 1e3).toFixed(1).padStart(5)} s] ${text}`);

  step('starting the simulated venues and the emulated AWS');
  const venuesStarting = startVenues(args, signal);
  const emulatorStarting = startEmulator({ signal });
  const [venuesEnd, emulatorEnd] = await Promise.allSettled([venuesStarting, emulatorStarting]);
  if (emulatorEnd.status === 'fulfilled') closers.defer(() => emulatorEnd.value.stop());
  if (venuesEnd.status === 'fulfilled') closers.defer(() => venuesEnd.value.close());
  if (venuesEnd.status === 'rejected') throw venuesEnd.reason;
  if (emulatorEnd.status === 'rejected') throw emulatorEnd.reason;
  const venues = venuesEnd.value;
  const emulator = emulatorEnd.value;
  for (const venue of venues.list) step(`${venue.id}: ${venue.description}`);

  const deployment = await deploy({
    emulator,
    settings: { MILLRACE_VENUE_ENDPOINTS: JSON.stringify(venues.endpoints) },
    onProgress: step,
    signal,
  });
  const definition = await readEngineDefinition(emulator.endpoint, deployment);
  const configuration = (args.scanner ? scannedConfiguration : runConfiguration)(
    venues.list.map(({ id, symbols, channels }) => ({ venue: id, symbols, channels })),
  );
  await writeConfiguration(emulator.endpoint, definition, configuration);
  await writeSecrets(
    emulator.endpoint,
    definition,
    venues.list.map((venue) => ({ unit: `paper/${LOCAL_ACCOUNT}/${venue.id}`, ...venue.keys })),
  );
  if (signal.aborted) return { summary: null, differences: [] };

  // This process reads back what the pipeline wrote, at the emulator's address alone.
  const settings = emulatedClientSettings(emulator.endpoint);
  const ledger = createLedgerReader(
    DynamoDBDocumentClient.from(new DynamoDBClient(settings)),
    deployment.output('LedgerTable'),
  );
  const account = { account: LOCAL_ACCOUNT, mode: 'paper' } as const;
  const kinesis = new KinesisClient(settings);
  closers.defer(() => kinesis.destroy());

  const notes: string[] = [];
  const events: TradingEvent[] = [];
  const tail = tailTradingStream(
    kinesis,
    deployment.output('TradingStream'),
    (event) => {
      events.push(event);
      const note = noteOf(event);
      if (note !== null) notes.push(note);
    },
    (text) => notes.push(text),
  );
  closers.defer(() => tail.stop());

  step('starting the event-source poller and the engines');
  const poller = await startEventSourcePoller({ endpoint: emulator.endpoint });
  closers.defer(() => poller.stop());
  const lastWords: EngineStatus[] = [];
  let killed = 0;
  const journals = makeRunJournals();
  closers.defer(() => rmSync(journals, { recursive: true, force: true }));
  const tasks = await startTaskService({
    definition,
    count: args.engines,
    program: ENGINE_MAIN,
    awsEnvironment: emulator.environment,
    environment: {
      // Two are what the template says: one trades, one stands by. More than these share the venues.
      ...(args.engines > 2 ? { MILLRACE_ENGINES: String(args.engines) } : {}),
      ...(await hooks.engineEnvironment?.(emulator.endpoint)),
    },
    journals,
    onLine: (task, line, stream) => {
      const status = lastWordOf(line);
      if (status !== null) lastWords.push(status);
      else if (stream === 'stderr' || /"level":"(WARN|ERROR|CRITICAL)"/.test(line))
        notes.push(`${task.name}: ${messageIn(line)}`);
    },
    onExit: (exit: TaskExit) => {
      if (exit.expected && exit.signal === null && exit.code === 0) return;
      killed += 1;
      notes.push(`${exit.task.name} ended: ${exit.signal ?? `code ${exit.code}`}`);
    },
  });
  closers.defer(() => tasks.stop());
  let answers: EngineAnswers = { engines: new Map(), silent: 0 };
  const ask = async () => {
    answers = await askEngines(tasks.tasks());
  };

  const rate = createRateMeter();
  const counts = { orders: countOrders([]), fills: 0, confirmed: 0 };
  let ledgerPositions = new Map<string, string>();
  let tradingSince: number | null = null;
  let phase: RunView['phase'] = 'starting';
  let tradedUntil: number | null = null;
  const tradedSeconds = () => (tradingSince === null ? 0 : ((tradedUntil ?? performance.now()) - tradingSince) / 1e3);
  /** An engine that has ended is shown by its last word. */
  const enginesNow = () => [
    ...new Map([
      ...(phase === 'draining' ? lastWords.map((each) => [each.engine, each] as const) : []),
      ...answers.engines,
    ]).values(),
  ];
  const view = (): RunView => ({
    phase,
    markets: venues.list.flatMap((venue) => venue.symbols.map(({ instrument }) => instrument)),
    elapsedSeconds: tradedSeconds(),
    secondsLeft: args.seconds === null || phase !== 'trading' ? null : args.seconds - tradedSeconds(),
    engines: enginesNow(),
    silentEngines: answers.silent,
    rates: rate(enginesNow(), performance.now()),
    ...counts,
    positions: positionRows(venues.list, enginesNow(), ledgerPositions),
    mappings: poller.stats(),
    notes,
  });
  const look = async () => {
    await ask();
    const shown = view();
    screen.draw((size) => renderView(shown, size), plainLine(shown));
  };
  const machineArn = deployment.output('ConfirmationMachineArn');
  const stepFunctions = new SFNClient(settings);
  const known = new Map<string, ListedConfirmation>();
  let confirmedTold = false;
  let ledgerLooks: Promise<void> = Promise.resolve();
  const ledgerTimer = setInterval(() => {
    ledgerLooks = (async () => {
      counts.orders = countOrders(await ledger.readOrders(account));
      counts.fills = (await ledger.readFills(account)).length;
      ledgerPositions = new Map(
        (await ledger.readPositions(account)).map((row) => [`${row.venue}/${row.symbol}`, row.size]),
      );
      counts.confirmed = (await countConfirmations(stepFunctions, machineArn, { known })).confirmed;
      if (counts.confirmed > 0 && !confirmedTold) {
        confirmedTold = true;
        step('the first order is confirmed');
      }
    })().catch((error: unknown) => void notes.push(`the ledger cannot be read: ${messageOf(error)}`));
  }, LEDGER_LOOK_MS);
  closers.defer(() => clearInterval(ledgerTimer));

  // Trading begins with the first lane that may enter; without lanes, what is recorded begins with the first frame.
  const trades = configuration.lanes.length > 0;
  const deadline = performance.now() + START_TRADING_MS;
  while (tradingSince === null && !signal.aborted) {
    await look();
    const open = [...answers.engines.values()].some((engine) =>
      trades
        ? engine.units.some((unit) => unit.closed === null && unit.fence === null)
        : engine.accounts.some((account) => account.venue !== 'engine' && account.received > 0),
    );
    if (open) tradingSince = performance.now();
    else if (performance.now() > deadline)
      throw new MillraceError(
        'fatal',
        'TRADING_NOT_STARTED',
        `afterMs=${START_TRADING_MS} notes=${notes.slice(-5).join(' | ')}`,
      );
    else await pause(LOOK_MS, signal);
  }
  if (tradingSince === null) return { summary: null, differences: [] };
  step(`${trades ? 'trading' : 'recording'} since ${((tradingSince - began) / 1e3).toFixed(1)} s after the start`);
  phase = 'trading';
  hooks.onTrading?.({
    async engines() {
      await ask();
      return [...answers.engines.values()];
    },
    kill: (engine, killSignal) => tasks.kill(engine, killSignal),
    venueOrders: () => venues.list.flatMap((venue) => venue.truth().clientOrderIds).filter((id) => id !== null),
    events,
    secrets: venues.list.flatMap((venue) => [venue.keys.key, venue.keys.secret]),
  });
  const endAt = args.seconds === null ? Number.POSITIVE_INFINITY : tradingSince + args.seconds * 1e3;
  while (performance.now() < endAt && !signal.aborted && !venues.ended()) {
    await look();
    await pause(Math.min(LOOK_MS, Math.max(0, endAt - performance.now())), signal);
  }
  tradedUntil = performance.now();
  const seconds = tradedSeconds();

  phase = 'draining';
  step('entries stop, working orders are cancelled, everything is published');
  const drawing = setInterval(() => void look(), LOOK_MS);
  closers.defer(() => clearInterval(drawing));
  await look();
  await tasks.stop();
  for (const venue of venues.list) venue.pause();
  const drained = await poller.drain(DRAIN_MS);
  const confirmations = {
    ...(await awaitConfirmations(() => countConfirmations(stepFunctions, machineArn, { known }))),
    endings: endingsOf(known),
  };
  const drainedAgain = await poller.drain(DRAIN_MS);
  clearInterval(ledgerTimer);
  await ledgerLooks;
  await tail.stop();
  step('reading back archive and ledger');
  const orders = await ledger.readOrders(account);
  const fills = await ledger.readFills(account);
  ledgerPositions = new Map(
    (await ledger.readPositions(account)).map((row) => [`${row.venue}/${row.symbol}`, row.size]),
  );
  const s3 = new S3Client(settings);
  const bucket = deployment.output('ArchiveBucket');
  const archived = await archivedFrameCounts(s3, bucket);
  if (args.keepLog !== null) {
    const objects = await copyArchive(s3, bucket, args.keepLog);
    step(`${objects} archive objects kept in ${args.keepLog}: npm run -s replay -- ${args.keepLog}`);
  }
  const facts: RunFacts = {
    seconds: Math.round(seconds * 10) / 10,
    paced: args.speed === 1,
    venues: venues.list.map((venue) => venue.truth()),
    engines: lastWords,
    killedEngines: killed,
    events,
    archived,
    orders,
    fills,
    positions: positionRows(venues.list, lastWords, ledgerPositions),
    confirmations,
    pipelineErrors: poller.stats().reduce((sum, each) => sum + each.discarded + each.lost, 0),
    drained: drained && drainedAgain,
  };
  const summary = summarize(facts);
  clearInterval(drawing);
  await look();
  screen.end();
  if (args.summaryFile !== null) writeFileSync(args.summaryFile, `${JSON.stringify(summary, null, 2)}\n`);
  return { summary, differences: explainDifferences(facts) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
