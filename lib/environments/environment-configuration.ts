import { z } from 'zod';

/** The Lambdas of the pipeline: one folder each in `functions/`. */
export const FUNCTION_NAMES = [
  'distribute',
  'archive',
  'persist',
  'confirm',
  'alert',
  'command',
  'confirm-step',
  'redrive',
  'reconcile',
  'dead-man',
  'dead-man-step',
  'alarm-stop',
] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

/** The Lambdas that read a stream, and which one. */
export const STREAM_CONSUMERS = {
  distribute: 'market',
  archive: 'market',
  persist: 'trading',
  confirm: 'trading',
  alert: 'trading',
} as const satisfies Partial<Record<FunctionName, 'market' | 'trading'>>;
export type StreamConsumer = keyof typeof STREAM_CONSUMERS;

const whole = z.number().int();
/** What CloudWatch Logs accepts, up to a year. */
const logDays = z.union([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365].map((days) => z.literal(days)));

const stream = z.strictObject({
  shards: whole.min(1).max(500),
  /** At least a day: what a consumer may be behind before records are gone. */
  retentionHours: whole.min(24).max(8760),
});

const marketStream = stream.extend({
  /**
   * Over how many partition keys, and so shards, the records of one connection go; 1: the connection is the key. It holds for connections without quotes and ticker only, whose
   * frames need one another; the order within a connection is that of its sequence numbers. The engine says at its start where more are needed.
   */
  keysPerConnection: whole.min(1).max(64),
  /** Messages a second of one symbol, all channels, by which the engine judges the stream at its start; absent: what docs/scale.md says. */
  messagesPerSymbol: whole.min(1).max(100_000).optional(),
});

const lambda = z.strictObject({
  memoryMb: whole.min(128).max(10_240),
  timeoutSeconds: whole.min(1).max(900),
});

/** Retries and age must end: the service's own defaults are infinite. */
const consumer = z.strictObject({
  batchSize: whole.min(1).max(10_000),
  batchingWindowSeconds: whole.min(0).max(300),
  retryAttempts: whole.min(0).max(100),
  maximumRecordAgeMinutes: whole.min(1).max(10_080),
});

const endpoints = z.strictObject({ market: z.url(), account: z.url(), orders: z.url(), rest: z.url() });

const image = z.discriminatedUnion('kind', [
  /** Built from `containers/engine/Dockerfile` and uploaded by the deployment. */
  z.strictObject({ kind: z.literal('build') }),
  z.strictObject({ kind: z.literal('registry'), reference: z.string().min(1) }),
]);

const engine = z.strictObject({
  /** Those beyond `spreadOver` stand by; what decides is the lease, not this number. */
  taskCount: whole.min(1).max(200),
  /** Over how many tasks the feeds are spread evenly. */
  spreadOver: whole.min(1).max(200),
  cpu: z.union([256, 512, 1024, 2048, 4096].map((units) => z.literal(units))),
  memoryMb: whole.min(512).max(30_720),
  architecture: z.enum(['ARM64', 'X86_64']),
  image,
  httpPort: whole.min(1024).max(65_535),
  /** Seconds between SIGTERM and SIGKILL; Fargate's limit is 120. */
  stopTimeoutSeconds: whole.min(30).max(120),
  /** Scratch disk of a task, GiB: the journal of unpublished trading events lives on it. */
  scratchGiB: whole.min(21).max(200),
});

const network = z.strictObject({
  cidr: z.cidrv4(),
  /** Letters of the region's zones: `a`, `b`. */
  zones: z.array(z.string().regex(/^[a-f]$/)).min(2),
  /** Outgoing gateways, each with an address of its own. Venue keys are bound to these addresses. */
  natGateways: whole.min(1).max(6),
  /** Addresses are reserved apart from the gateways and survive both them and the stack. */
  fixedOutgoingAddress: z.boolean(),
  /** Kinesis without the way through the gateways: worth it from about 200 GB a month. */
  kinesisEndpoint: z.boolean(),
});

const regionName = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as eu-west-1');

/** One service of engines near the venues it trades on, with outgoing addresses of its own. */
const engineRegion = z.strictObject({
  region: regionName,
  /** Venues of this region; each venue is in one. */
  venues: z.array(z.string().regex(/^[a-z]+(-[a-z]+)*$/)).min(1),
  /** Null in the home region alone, whose network it uses. */
  network: network.nullable(),
  /** Where this service is larger or smaller than `engine` says. */
  taskCount: whole.min(2).max(200).optional(),
  spreadOver: whole.min(1).max(200).optional(),
});

const alarms = z.strictObject({
  /** Age of the oldest record a consumer has not finished. */
  iteratorAgeSeconds: z.record(z.enum(Object.keys(STREAM_CONSUMERS) as StreamConsumer[]), whole.positive()),
  throttledWritesPerMinute: whole.positive(),
  functionErrorsPer5Minutes: whole.positive(),
  /** Minutes without a running task, or without any record written, before people are told. */
  engineAbsentMinutes: whole.min(1).max(60),
  /** Minutes without entries, since the engine cannot write what it trades, before people are told. */
  entriesBlockedMinutes: whole.min(1).max(60),
  /** Minutes that a connection of market data is not live, or a book not whole, before people are told. */
  feedDownMinutes: whole.min(1).max(60),
  /** Age of the oldest frame or event that is not on its stream. */
  publishLagSeconds: whole.positive(),
  email: z.email().nullable(),
});

const stopWish = z.enum(['reduce', 'stop', 'flatten']);
const emergencyStop = z.strictObject({
  /** Alerts by code that stop the unit they are about, and how far; people resume it. */
  alerts: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), stopWish),
  /** Alarms of ours, by id, that are sent to the stop topic as well. */
  alarms: z.array(z.string().min(1)),
  /** What an alarm that is sent to the stop topic wishes of all units. */
  alarmWish: stopWish,
});

const document = z
  .strictObject({
    name: z.enum(['local', 'dev', 'prod']),
    account: z.string().regex(/^\d{12}$/, 'twelve digits'),
    /** The home region: streams, tables, secrets, Lambdas. */
    region: regionName,
    streams: z.strictObject({ market: marketStream, trading: stream }),
    engine,
    /** Where engines run, by the venues they trade on; empty: in the home region, for all venues. */
    engineRegions: z.array(engineRegion).max(20),
    lease: z.strictObject({
      /** How long a lease holds without renewal. */
      durationMs: whole.positive(),
      renewEveryMs: whole.positive(),
      /** A holder fences itself this long before others may take over. */
      fenceMarginMs: whole.positive(),
    }),
    mappings: z.strictObject({
      /** Off only in `local`, whose own poller keeps the service's contract. */
      enabled: z.boolean(),
      consumers: z.record(z.enum(Object.keys(STREAM_CONSUMERS) as StreamConsumer[]), consumer),
    }),
    functions: z.record(z.enum(FUNCTION_NAMES), lambda),
    retention: z.strictObject({
      /** `keep`: tables and buckets outlive their stack, and tables refuse deletion. */
      data: z.enum(['keep', 'destroy']),
      logDays,
      accessLogDays: whole.min(1).max(3650),
      quarantineDays: whole.min(14).max(3650),
    }),
    network: network.nullable(),
    alarms: alarms.nullable(),
    emergencyStop,
    confirmation: z.strictObject({
      /** How long a round waits for the callback before it asks the venue. */
      awaitSeconds: whole.min(1).max(3600),
      /** The callback of every n-th order is withheld; 0: of none. */
      drill: whole.min(0),
    }),
    /** Where the venues are, if not where they say: simulated venues on this machine. */
    venueEndpoints: z.record(z.string(), endpoints).nullable(),
  })
  .superRefine((value, context) => {
    const fault = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (value.name === 'local') {
      if (value.mappings.enabled)
        fault(['mappings', 'enabled'], 'off in local, where our own poller reads the mappings');
    } else {
      if (!value.mappings.enabled) fault(['mappings', 'enabled'], 'may be off only in local');
      if (value.venueEndpoints !== null)
        fault(
          ['venueEndpoints'],
          'MILLRACE_VENUE_ENDPOINTS is refused outside local: venues are where they say they are',
        );
      if (value.network === null) fault(['network'], 'needed outside local');
      if (value.alarms === null) fault(['alarms'], 'needed outside local');
      if (value.engine.taskCount < 2) fault(['engine', 'taskCount'], 'at least 2: one active, one standing by');
      if (value.engine.spreadOver >= value.engine.taskCount)
        fault(['engine', 'spreadOver'], 'below taskCount: one at least stands by');
    }
    checkRegions(value, fault);
    const { shards, keysPerConnection } = value.streams.market;
    if (keysPerConnection > 1 && shards === 1)
      fault(['streams', 'market', 'keysPerConnection'], 'several keys need several shards');
    if (value.name === 'prod') {
      if (value.confirmation.drill !== 0) fault(['confirmation', 'drill'], 'withholding callbacks is refused in prod');
      if (value.retention.data !== 'keep') fault(['retention', 'data'], 'must be keep in prod');
      if (value.network !== null && !value.network.fixedOutgoingAddress)
        fault(['network', 'fixedOutgoingAddress'], 'must be true in prod: venue keys are bound to addresses');
    }
    const { durationMs, renewEveryMs, fenceMarginMs } = value.lease;
    if (renewEveryMs * 2 + fenceMarginMs > durationMs)
      fault(['lease'], 'one renewal may fail: twice renewEveryMs and fenceMarginMs must fit into durationMs');
    if (renewEveryMs > 3_000) fault(['lease', 'renewEveryMs'], 'at most 3000: desired state must not be older');
    if (durationMs + renewEveryMs > 10_000) fault(['lease', 'durationMs'], 'a takeover must be over within 10 s');
    for (const name of Object.keys(STREAM_CONSUMERS) as StreamConsumer[]) {
      const age = value.mappings.consumers[name].maximumRecordAgeMinutes;
      if (age > value.streams[STREAM_CONSUMERS[name]].retentionHours * 60)
        fault(['mappings', 'consumers', name, 'maximumRecordAgeMinutes'], 'longer than the stream keeps records');
    }
  });

interface RegionsOfEnvironment {
  readonly name: string;
  readonly region: string;
  readonly engine: z.infer<typeof engine>;
  readonly engineRegions: readonly z.infer<typeof engineRegion>[];
}

/** Each region once, each venue once; the home region among them, since its alarms watch an engine service of its own. */
function checkRegions(value: RegionsOfEnvironment, fault: (path: PropertyKey[], message: string) => void): void {
  const { engineRegions, region: home } = value;
  if (engineRegions.length === 0) return;
  if (value.name === 'local') fault(['engineRegions'], 'must be empty in local: one machine is one region');
  if (engineRegions.every((each) => each.region !== home))
    fault(['region'], `the home region ${home} must be one of engineRegions`);
  const seen = new Set<string>();
  for (const [index, each] of engineRegions.entries()) {
    const at = ['engineRegions', index];
    for (const word of [each.region, ...each.venues]) {
      if (seen.has(word)) fault(at, `${word} is named twice`);
      seen.add(word);
    }
    if (each.region === home && each.network !== null)
      fault([...at, 'network'], 'null in the home region, which has one');
    if (each.region !== home && each.network === null) fault([...at, 'network'], 'needed outside the home region');
    if (value.name === 'prod' && each.network?.fixedOutgoingAddress === false)
      fault([...at, 'network', 'fixedOutgoingAddress'], 'must be true in prod: venue keys are bound to addresses');
    if ((each.spreadOver ?? value.engine.spreadOver) >= (each.taskCount ?? value.engine.taskCount))
      fault([...at, 'spreadOver'], 'below taskCount: one at least stands by');
  }
}

/** Everything that differs between environments, and only that; one file per environment, validated whole. */
export type EnvironmentConfiguration = z.infer<typeof document>;
export type EnvironmentInput = z.input<typeof document>;
export type NetworkSettings = z.infer<typeof network>;
export type AlarmSettings = z.infer<typeof alarms>;

/** A configuration that cannot be deployed; the message lists every fault. */
export class EnvironmentError extends Error {
  readonly faults: readonly string[];

  constructor(environment: string, faults: readonly string[]) {
    super(
      `ENVIRONMENT_INVALID: environment=${environment} has ${faults.length} fault(s):\n${faults.map((each) => `  - ${each}`).join('\n')}`,
    );
    this.name = 'EnvironmentError';
    this.faults = faults;
  }
}

/** Validates an environment. Throws `EnvironmentError` with all faults at once. */
export function validateEnvironment(input: unknown): EnvironmentConfiguration {
  const parsed = document.safeParse(input);
  if (parsed.success) return parsed.data;
  const name = z.object({ name: z.string() }).safeParse(input);
  throw new EnvironmentError(
    name.success ? name.data.name : '(unnamed)',
    parsed.error.issues.map((issue) => `${issue.path.join('.') || '(environment)'}: ${issue.message}`),
  );
}
