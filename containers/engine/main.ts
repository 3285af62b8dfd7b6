import { mkdirSync } from 'node:fs';
import { createDynamoDbClient, createParameterClient, createSecretsClient } from '#aws/clients.ts';
import { createConfigurationSource } from '#aws/configuration-source.ts';
import { decidingSources } from '#aws/deciding-sources.ts';
import { createLeaseTable } from '#aws/lease-table.ts';
import { createLeaseKeeper } from '#aws/leases.ts';
import { createLedgerIndexReader } from '#aws/ledger-checkpoints.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import { createLog, processRedactor } from '#aws/log.ts';
import { createMarketReader } from '#aws/market-reader.ts';
import { createPublisher } from '#aws/publisher/publisher.ts';
import { createVenueSecrets } from '#aws/secrets.ts';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { DeclaredShare } from '#core/control/lease-share.ts';
import type { UnitRef } from '#core/control/unit.ts';
import { unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createFrameReaderConnect } from '#venues/connection/frame-reader-transport.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { venues } from '#venues/venues.ts';
import { startCloudWatchMetrics } from './cloudwatch-metrics.ts';
import { Engine } from './engine.ts';
import { startEngineHttp } from './engine-http.ts';
import { withHomeNames } from './home-names.ts';
import { createLaneMemoryView } from './lane-memory-view.ts';
import { createLedgerView } from './ledger-view.ts';
import { type LoopWatchdog, startLoopWatchdog } from './loop-watchdog.ts';
import { createPrometheus } from './prometheus.ts';
import { readEngineSettings } from './settings.ts';
import { keepHeapSmall } from './small-heap.ts';
import { marketStreamFaults } from './stream-forecast.ts';

/** How long orders may take to end at SIGTERM, and everything after them; together below the container's stop time of 120 s. */
const ORDERS_MS = 20_000;
const PUBLISH_MS = 20_000;

/** Of what is looked at every 15 s and every minute. */
const SLOW_BEAT = { periodMs: 70_000, silentMs: 180_000 } as const;

keepHeapSmall();
const parameters = createParameterClient();
const settings = await withHomeNames(readEngineSettings(process.env), parameters);
const log = createLog({
  service: 'engine',
  fields: {
    environment: settings.MILLRACE_ENVIRONMENT,
    build: settings.MILLRACE_BUILD,
    engine: settings.MILLRACE_ENGINE,
  },
});
process.on('unhandledRejection', (reason) => {
  log('error', 'unhandled rejection', { reason: messageOf(reason) });
  process.exitCode = 1;
  process.kill(process.pid, 'SIGTERM');
});

/** What the stream will refuse is told before it does; the rates are expectations, so that nothing is kept from trading by them. */
function foretell(next: RuntimeConfiguration): void {
  const faults = marketStreamFaults(next, venues, {
    shards: settings.MILLRACE_MARKET_SHARDS ?? null,
    keysPerConnection: settings.MILLRACE_MARKET_SPREAD,
    messagesPerSymbol: settings.MILLRACE_SYMBOL_RATE,
  });
  for (const fault of faults) log('warn', 'market stream too small', { fault });
}

/** An image has the hash from when it was bundled, in the place of this variable. */
const sources = process.env.MILLRACE_SOURCES ?? decidingSources();
const random = { next: Math.random };
const dynamoDb = createDynamoDbClient({ requestTimeoutMs: 2_000 });
/** From when the engine runs until it has come to rest: before and after, nobody beats. */
let watchdog: LoopWatchdog | null = null;
/** The engine, once it is there: the configuration is read before. */
let running: Engine | null = null;
const configurationSource = createConfigurationSource({
  location: settings.MILLRACE_CONFIGURATION,
  ssm: parameters,
  timers: systemTimers,
  onRefused: (error) => {
    log('error', 'the new configuration is refused, the old one stays', { reason: error.message });
    running?.configurationRefused(error.message);
  },
  onChange(next) {
    foretell(next.configuration);
    void running?.reconfigure(next);
  },
});
const configuration = await configurationSource.start();
foretell(configuration.configuration);
process.on('SIGHUP', () => void configurationSource.reload());

/** Units whose keys this engine may need. */
const unitsIn = ({ accounts }: RuntimeConfiguration) =>
  accounts
    .filter(({ venue }) => settings.MILLRACE_VENUES?.includes(venue) ?? true)
    .map(({ name, mode, venue }): UnitRef => ({ account: name, mode, venue }));
const units = unitsIn(configuration.configuration);
const secrets = createVenueSecrets({
  client: createSecretsClient(),
  prefix: settings.MILLRACE_SECRETS,
  units,
  environment: process.env,
  redactor: processRedactor,
  timers: systemTimers,
  random,
  onChange: (status) => log(status.reason === null ? 'info' : 'warn', 'venue keys', { ...status }),
});
await secrets.start();

mkdirSync(settings.MILLRACE_JOURNAL, { recursive: true });
const publisher = createPublisher({
  engine: settings.MILLRACE_ENGINE,
  marketStream: settings.MILLRACE_MARKET_STREAM,
  tradingStream: settings.MILLRACE_TRADING_STREAM,
  journalFolder: settings.MILLRACE_JOURNAL,
  keysPerConnection: settings.MILLRACE_MARKET_SPREAD,
  clock: systemClock,
  log,
});

const local = settings.MILLRACE_ENVIRONMENT === 'local';
const declaredShare: DeclaredShare =
  settings.MILLRACE_SHARE === undefined ? { engines: settings.MILLRACE_ENGINES } : { leases: settings.MILLRACE_SHARE };
const leaseTable = createLeaseTable(dynamoDb, settings.MILLRACE_CONTROL_TABLE);
const market = createMarketReader(dynamoDb, settings.MILLRACE_LEDGER_TABLE);
const ledgerReader = createLedgerReader(dynamoDb, settings.MILLRACE_LEDGER_TABLE);
const engine = new Engine({
  engine: settings.MILLRACE_ENGINE,
  build: settings.MILLRACE_BUILD,
  ...(sources === null ? {} : { sources }),
  configuration,
  venues,
  ...(settings.MILLRACE_VENUES === undefined ? {} : { servedVenues: settings.MILLRACE_VENUES }),
  prepare: (next) => secrets.configure(unitsIn(next)),
  endpoints: (venue, mode) => settings.MILLRACE_VENUE_ENDPOINTS?.[venue.id] ?? venue.endpoints(mode),
  createLeases: (names, onEvent, mayAcquire, kind) =>
    createLeaseKeeper({
      table: leaseTable,
      holder: settings.MILLRACE_ENGINE,
      leaseMs: settings.MILLRACE_LEASE_MS,
      renewMs: settings.MILLRACE_LEASE_RENEW_MS,
      marginMs: settings.MILLRACE_LEASE_MARGIN_MS,
      names,
      clock: systemClock,
      timers: systemTimers,
      onEvent,
      mayAcquire,
      ...(kind === 'feeds' ? { share: { declared: declaredShare, random } } : {}),
      onError: (name, error) => log('warn', 'lease table failed', { name, reason: messageOf(error) }),
    }),
  publisher,
  readLedger: createLedgerView(
    ledgerReader,
    systemClock,
    createLedgerIndexReader(dynamoDb, settings.MILLRACE_LEDGER_TABLE),
  ),
  readLaneMemory: createLaneMemoryView(ledgerReader),
  lastPublished: (venue, symbol) => market.lastBookSequence(venue, symbol),
  credentials: (unit) => secrets.keys(unit),
  connect: createFrameReaderConnect({ insecureAllowed: local }),
  fetch: createSecureFetch({ insecureAllowed: local }),
  clock: systemClock,
  timers: systemTimers,
  random,
  log,
  parts: [
    {
      name: 'configuration',
      ...SLOW_BEAT,
      beats: () => configurationSource.beats(),
      restart: () => configurationSource.revive(),
    },
    { name: 'venue keys', ...SLOW_BEAT, beats: () => secrets.beats(), restart: () => secrets.revive() },
  ],
  onLook: () => watchdog?.beat(),
  onHopeless(reason) {
    log('error', 'a vital part hangs', { reason });
    process.exitCode = 1;
    process.kill(process.pid, 'SIGTERM');
  },
});

const metricSources = {
  metrics: engine.metrics,
  publisher,
  feeds: () => engine.feeds(),
  units: () => engine.units(),
  scanners: () => engine.scanners(),
  silentParts: () => engine.silentParts,
};
const prometheus = createPrometheus(metricSources);
const stopCloudWatchMetrics = startCloudWatchMetrics({
  ...metricSources,
  environment: settings.MILLRACE_ENVIRONMENT,
  engine: settings.MILLRACE_ENGINE,
  timers: systemTimers,
});
const http = await startEngineHttp({
  port: settings.MILLRACE_HTTP_PORT,
  health: () => engine.health(),
  metrics: prometheus,
  status: () => engine.status(),
});
engine.start();
watchdog = startLoopWatchdog({ service: 'engine', engine: settings.MILLRACE_ENGINE });
running = engine;
log('info', 'engine started', { port: http.port, configuration: configuration.hash, units: units.map(unitId) });

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log('info', 'stopping', { signal });
  try {
    await engine.stop(signal, ORDERS_MS).finally(() => watchdog?.stop());
    await publisher.close(PUBLISH_MS);
  } catch (error) {
    log('error', 'the stop was not clean', { reason: messageOf(error) });
    process.exitCode = 1;
  }
  stopCloudWatchMetrics();
  log('info', 'engine stopped', { status: engine.status() });
  configurationSource.stop();
  secrets.stop();
  await http.close();
  process.exit();
}
process.on('SIGTERM', () => void stop('SIGTERM'));
process.on('SIGINT', () => void stop('SIGINT'));
