import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createPublisher } from '#aws/publisher/publisher.ts';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import type { LedgerView } from '#core/orders/recovery.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { Engine } from '#engine/engine.ts';
import { keepHeapSmall } from '#engine/small-heap.ts';
import { runConfiguration } from '#local/start/run-configuration.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { createFrameReaderConnect } from '#venues/connection/frame-reader-transport.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { venues } from '#venues/venues.ts';
import type { EngineCounts, EngineMessage, EngineTask, SoakCommand } from './messages.ts';
import { createProcessSampler } from './process-sampler.ts';
import { SteadyLeases } from './steady-leases.ts';

const LOOK_MS = 20;
const ARRIVAL_MS = 15_000;
const ORDERS_MS = 5_000;
const PUBLISH_MS = 20_000;
const MAX_COMPLAINTS = 50;
const LEAKS_PER_SECOND = 10;
const EMPTY_LEDGER: LedgerView = {
  positionSize: '0',
  fillIds: new Set(),
  endedOrderIds: new Set(),
  pendingOrders: [],
  realizedToday: 0,
  lastKnownAt: null,
  hasHistory: false,
};

keepHeapSmall();
const task = JSON.parse(process.argv[2] ?? '') as EngineTask;
const tell = (message: EngineMessage) => process.send?.(message);
Object.assign(process.env, {
  AWS_ENDPOINT_URL: task.streamUrl,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'soak',
  AWS_SECRET_ACCESS_KEY: 'soak',
});

const complaints: string[] = [];
function log(level: string, text: string, fields?: Readonly<Record<string, unknown>>): void {
  if (level === 'error' && complaints.length < MAX_COMPLAINTS)
    complaints.push(`${text} ${JSON.stringify(fields ?? {})}`);
}

const configuration = loadConfiguration(
  JSON.stringify(
    runConfiguration(
      task.venues.map(({ venue }) => ({
        venue,
        symbols: builtInInstruments(venue).map((instrument) => ({
          instrument,
          price: startPriceOf(instrument),
        })),
        channels: ['book', 'trades'],
      })),
    ),
  ),
  'soak',
);
const publisher = createPublisher({
  engine: 'engine-soak',
  marketStream: 'market',
  tradingStream: 'trading',
  journalFolder: task.journalFolder,
  clock: systemClock,
  log,
});
const keys = new Map(task.venues.map(({ venue, key }) => [venue, key]));
const urls = new Map(task.venues.map((each) => [each.venue, each.urls]));
const engine = new Engine({
  engine: 'engine-soak',
  build: 'soak',
  configuration,
  venues,
  endpoints: (venue, mode) => urls.get(venue.id) ?? venue.endpoints(mode),
  createLeases: new SteadyLeases().create,
  publisher,
  readLedger: async () => EMPTY_LEDGER,
  lastPublished: async () => null,
  credentials: (unit) => keys.get(unit.venue) ?? null,
  connect: createFrameReaderConnect({ insecureAllowed: true }),
  fetch: createSecureFetch({ insecureAllowed: true }),
  clock: systemClock,
  timers: systemTimers,
  random: { next: Math.random },
  log,
});

function totals() {
  const accounts = publisher.accounts();
  const sum = (of: (each: (typeof accounts)[number]) => number) => accounts.reduce((all, each) => all + of(each), 0);
  return {
    received: sum((each) => (each.venue === 'engine' ? 0 : each.received)),
    published: sum((each) => each.published),
    shed: sum((each) => each.shed),
  };
}

const sampler = createProcessSampler();
const began = performance.now();
const sampling = setInterval(() => {
  const publishLagMs = publisher.metrics().lagMs;
  tell({ kind: 'sample', atMs: performance.now() - began, ...sampler.sample(), publishLagMs, ...totals() });
}, task.sampleMs);

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');
const retained: { readonly atMs: number; readonly bytes: number }[] = [];

function lookAtRetained(): void {
  if (typeof collect !== 'function') throw new Error('no collector to ask');
  collect();
  const { heapUsed, external } = process.memoryUsage();
  retained.push({ atMs: performance.now() - began, bytes: heapUsed + external });
}

const leaked: Buffer[] = [];
const leaking =
  task.leakBytesPerSecond === 0
    ? null
    : setInterval(
        () => leaked.push(Buffer.alloc(Math.round(task.leakBytesPerSecond / LEAKS_PER_SECOND), 1)),
        1_000 / LEAKS_PER_SECOND,
      );

async function until(holds: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!holds()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return true;
}

function counts(bookGaps: number, bookMessages: number): EngineCounts {
  return {
    connections: publisher.accounts(),
    badFrames: engine.metrics.badFrames,
    bookGaps,
    bookMessages,
    orders: Object.fromEntries(engine.metrics.orders),
    retained,
    complaints,
  };
}

async function finish(expected: number): Promise<void> {
  clearInterval(sampling);
  lookAtRetained();
  if (leaking !== null) clearInterval(leaking);
  sampler.stop();
  if (!(await until(() => totals().received >= expected, ARRIVAL_MS)))
    complaints.push(`received ${totals().received} of ${expected} frames`);
  const books = engine.feeds().flatMap((feed) => feed.books);
  await engine.stop('soak ends', ORDERS_MS);
  await publisher.close(PUBLISH_MS).catch((error: unknown) => complaints.push(String(error)));
  const gaps = books.reduce((sum, each) => sum + each.gaps, 0);
  const messages = books.reduce((sum, each) => sum + each.messages, 0);
  tell({ kind: 'ended', ...counts(gaps, messages) });
}

process.on('disconnect', () => process.exit());
process.on('message', (command: SoakCommand) => {
  if (command.kind === 'flow') setTimeout(lookAtRetained, task.warmUpMs);
  if (command.kind === 'finish') void finish(command.received);
  if (command.kind === 'close') process.exit();
});
engine.start();
const live = () => {
  const feeds = engine.feeds();
  return (
    feeds.length === task.venues.length &&
    feeds.every(({ connections }) => connections.every(({ status }) => status.state === 'live'))
  );
};
if (await until(live, ARRIVAL_MS)) tell({ kind: 'live' });
else {
  process.stderr.write(
    `the feeds did not come up: ${JSON.stringify(engine.health().parts)}\n${complaints.join('\n')}\n`,
  );
  process.exit(1);
}
