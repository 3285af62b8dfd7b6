import { LIMITS, MEASURED } from './measured.ts';
import { PRICES } from './prices.ts';

/** What a deployment is asked to carry. */
export interface Load {
  /** Market messages a second, all venues together, sustained. */
  readonly messagesPerSecond: number;
  /** Orders a day, all lanes together. */
  readonly ordersPerDay: number;
}

/** What it takes. Lambdas: invocations that run at the same time. */
export interface Plan {
  readonly symbols: number;
  readonly engines: number;
  readonly standbys: number;
  readonly connections: number;
  readonly streamMegabytesPerSecond: number;
  readonly recordsPerSecond: number;
  readonly shards: number;
  readonly lambdas: number;
  /** CPU cores that engines use, of those that they have. */
  readonly cores: number;
  readonly receivedGigabytesPerMonth: number;
  readonly archivedGigabytesPerMonth: number;
}

/** Dollars a month, by what they are for. */
export interface Cost {
  readonly engines: number;
  readonly network: number;
  readonly streams: number;
  readonly lambdas: number;
  readonly archive: number;
  readonly ledger: number;
  readonly total: number;
}

const SECONDS_PER_MONTH = 30 * 86_400;
const HOURS_PER_MONTH = 30 * 24;
const GIGA = 1e9;
/** Of one engine: what the template of `prod` gives it. */
const ENGINE_VCPU = 2;
const ENGINE_GB = 4;
/** Consumers of the market stream (`distribute`, `archive`), one invocation for each shard at a time. */
const MARKET_CONSUMERS = 2;
const LAMBDA_GB = 1;
/** Part of the time that a consumer works: measured with batches of a second. */
const LAMBDA_BUSY = 0.3;
/** One object of the archive for each shard and batch of so many seconds. */
const ARCHIVE_BATCH_S = 5;
/** Writes of the ledger for an order with one fill: intent, three states, fill, and the index of a recovery. */
const LEDGER_WRITES_PER_ORDER = 9;
const NAT_GATEWAYS = 2;
const PUT_UNIT_BYTES = 25_000;

/** How many of each part carry a load, from what one was measured to carry. */
export function planFor(load: Load): Plan {
  const { messagesPerSecond } = load;
  const engines = Math.ceil(messagesPerSecond / MEASURED.engineRate);
  const symbols = Math.ceil(messagesPerSecond / MEASURED.symbolRate);
  const connections = Math.ceil(symbols / MEASURED.symbolsPerConnection);
  const streamBytes = messagesPerSecond * MEASURED.streamBytes;
  const recordsPerSecond = connections * MEASURED.recordsPerConnection;
  const shards = Math.max(
    1,
    Math.ceil(streamBytes / (LIMITS.shardBytes * LIMITS.headroom)),
    Math.ceil(recordsPerSecond / (LIMITS.shardRecords * LIMITS.headroom)),
  );
  const monthly = (bytesPerSecond: number) => (bytesPerSecond * SECONDS_PER_MONTH) / GIGA;
  return {
    symbols,
    engines,
    // A dead engine's feeds go to those that are left and to standbys: one for each ten.
    standbys: Math.max(1, Math.ceil(engines / 10)),
    connections,
    streamMegabytesPerSecond: streamBytes / 1e6,
    recordsPerSecond,
    shards,
    lambdas: shards * MARKET_CONSUMERS,
    cores: (messagesPerSecond * (MEASURED.engineNs + MEASURED.publishNs)) / 1e9,
    receivedGigabytesPerMonth: monthly(messagesPerSecond * MEASURED.frameBytes),
    archivedGigabytesPerMonth: monthly(streamBytes),
  };
}

/** What a plan costs a month at list prices, held at that load all the time. */
export function costOf(load: Load, plan: Plan): Cost {
  const tasks = plan.engines + plan.standbys;
  const engines = tasks * HOURS_PER_MONTH * (ENGINE_VCPU * PRICES.vcpuHour.dollars + ENGINE_GB * PRICES.gbHour.dollars);
  // What venues send comes in through the gateway; what goes to Kinesis leaves by it, or by an endpoint of its own.
  const throughGateways = plan.receivedGigabytesPerMonth + plan.archivedGigabytesPerMonth;
  const network = NAT_GATEWAYS * HOURS_PER_MONTH * PRICES.natHour.dollars + throughGateways * PRICES.natGb.dollars;
  const bytesPerRecord = (plan.streamMegabytesPerSecond * 1e6) / plan.recordsPerSecond;
  const unitsPerSecond = plan.recordsPerSecond * Math.ceil(bytesPerRecord / PUT_UNIT_BYTES);
  const streams =
    plan.shards * HOURS_PER_MONTH * (PRICES.shardHour.dollars + PRICES.extendedShardHour.dollars) +
    ((unitsPerSecond * SECONDS_PER_MONTH) / 1e6) * PRICES.putUnits.dollars;
  const lambdas =
    plan.lambdas * LAMBDA_BUSY * SECONDS_PER_MONTH * LAMBDA_GB * PRICES.lambdaGbSecond.dollars +
    ((plan.lambdas * SECONDS_PER_MONTH) / 1e6) * PRICES.lambdaRequest.dollars;
  // A month's worth is kept for a month: each further month adds as much again.
  const archive =
    plan.archivedGigabytesPerMonth * PRICES.s3GbMonth.dollars +
    ((plan.shards * SECONDS_PER_MONTH) / ARCHIVE_BATCH_S / 1e6) * PRICES.s3Puts.dollars;
  const ledger = ((load.ordersPerDay * 30 * LEDGER_WRITES_PER_ORDER) / 1e6) * PRICES.dynamoWrites.dollars;
  return {
    engines,
    network,
    streams,
    lambdas,
    archive,
    ledger,
    total: engines + network + streams + lambdas + archive + ledger,
  };
}
