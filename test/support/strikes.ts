import { unitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { Random } from '#core/time/clock.ts';
import type { EngineProcess, EngineProcesses, ProcessVenue } from './engine-process.ts';
import { comeToRest, tradeOn, watchEntries } from './engine-process-truth.ts';

/** What is done to the engine that trades. Lines are cut (torn, and refused) or silent (held, and let go on later). */
export const STRIKES = [
  'kill -9',
  'kill -STOP',
  'line to the venue cut',
  'line to the venue silent',
  'line to AWS cut',
  'line to AWS silent',
  'both lines cut',
] as const;
export type Strike = (typeof STRIKES)[number];

/** One strike and what came of it, by the venue's own books. */
export interface StrikeRow {
  readonly number: number;
  readonly strike: Strike;
  /** From the beginning of trading to the strike, ms. */
  readonly afterMs: number;
  /** Working orders that the venue had when it struck. */
  readonly working: number;
  /** Until an engine traded again, ms; null: none did. */
  readonly tradedAfterMs: number | null;
  /** Open orders at rest: nobody follows them. */
  readonly orphans: number;
  /** Ids placed twice, entries beside a position or another entry. */
  readonly duplicates: number;
  /** Orders placed under a lease when a later one had been taken. */
  readonly stale: number;
  /** What venue, ledger and engine say differently at rest, or why it did not come to rest. */
  readonly differences: readonly string[];
}

const LONGEST_MS = 60_000;
/** The functions that keep the ledger are slow where the machine is busy; what must be so in the end may take its time. */
const REST_MS = 240_000;

/** Counts what must never happen on one venue, by its own view, from now on. */
function watchVenue(world: EngineProcesses, venue: ProcessVenue) {
  const entries = watchEntries(venue);
  const placed: { readonly id: string; readonly at: number }[] = [];
  const unfollow = venue.watch.onAct((act) => {
    if (act.kind === 'order' && act.change === 'new' && act.order.clientOrderId !== null)
      placed.push({ id: act.order.clientOrderId, at: Date.now() });
  });
  /** Wall time at which each lease was taken, by epoch. */
  const leases = () =>
    new Map(
      world.events.flatMap((event) =>
        event.type === 'lease' && event.unit === venue.unit && event.body.change === 'acquired'
          ? [[event.epoch, event.time] as const]
          : [],
      ),
    );
  return {
    unfollow,
    duplicates: () => entries.doubled.length + (placed.length - new Set(placed.map(({ id }) => id)).size),
    stale() {
      const taken = [...leases()];
      return placed.filter(({ id, at }) => {
        const own = taken.find(([epoch]) => id.startsWith(orderIdPrefix('paper', venue.unit, epoch)));
        return own !== undefined && taken.some(([epoch, time]) => epoch > own[0] && at > time);
      }).length;
    },
    placed: () => placed.length,
  };
}

/** Strikes the engine that trades, again and again at moments of chance, and looks at rest after each strike what became of orders and positions. */
export async function strikeEngines(
  world: EngineProcesses,
  id: VenueId,
  random: Random,
  count: number,
  onRow: (row: StrikeRow) => void,
): Promise<{ readonly rows: readonly StrikeRow[]; readonly orders: number }> {
  const venue = world.venue(id);
  const watch = watchVenue(world, venue);
  const rows: StrikeRow[] = [];
  let started = 0;
  const before = { duplicates: 0, stale: 0 };
  const between = (least: number, most: number) => Math.round(least + (most - least) * random.next());
  const two = async () => {
    while (world.engines().length < 2) {
      started += 1;
      await world.start(`s${started}`);
    }
  };
  try {
    await two();
    await world.until(`${id} trades`, async () => (await world.trader(id)) !== null, LONGEST_MS);
    for (let number = 1; number <= count; number += 1) {
      await tradeOn(world, id, LONGEST_MS);
      const strike = STRIKES[Math.floor(random.next() * STRIKES.length)] ?? 'kill -9';
      const afterMs = between(0, 2_500);
      await pause(afterMs);
      const victim = await traderOf(world, id);
      const working = venue.exchange.openOrders(venue.account, null).length;
      const struckAt = performance.now();
      await carryOut(world, id, victim, strike, between(500, 6_000));
      await two();
      const trades = async () => (await world.trader(id)) !== null;
      const traded = await settled(() => world.until(`${id} trades after ${strike}`, trades, LONGEST_MS));
      const tradedAfterMs = traded === null ? performance.now() - struckAt : null;
      const rested = await settled(() => comeToRest(world, id, REST_MS));
      const now = { duplicates: watch.duplicates(), stale: watch.stale() };
      const row: StrikeRow = {
        number,
        strike,
        afterMs,
        working,
        tradedAfterMs,
        orphans: venue.exchange.openOrders(venue.account, null).length,
        duplicates: now.duplicates - before.duplicates,
        stale: now.stale - before.stale,
        differences: [traded, rested, rested === null ? null : await pipelineNow(world, id)].filter(
          (each) => each !== null,
        ),
      };
      Object.assign(before, now);
      rows.push(row);
      onRow(row);
    }
  } finally {
    watch.unfollow();
  }
  return { rows, orders: watch.placed() };
}

/** The strike, and its end `lastsMs` later; after a strike that costs the lease, not before a successor trades. */
async function carryOut(
  world: EngineProcesses,
  id: VenueId,
  victim: EngineProcess,
  strike: Strike,
  lastsMs: number,
): Promise<void> {
  const takenOver = () =>
    world.until(
      `${id} is taken over`,
      async () => {
        const trader = await world.trader(id);
        return trader !== null && trader !== victim;
      },
      LONGEST_MS,
    );
  if (strike === 'kill -9') {
    await victim.kill();
    return;
  }
  if (strike === 'kill -STOP') {
    victim.signal('SIGSTOP');
    await settled(takenOver);
    await pause(lastsMs / 2);
    victim.signal('SIGCONT');
    return;
  }
  const mode = strike.endsWith('silent') ? 'silent' : 'cut';
  const lines =
    strike === 'both lines cut'
      ? (['venues', 'aws'] as const)
      : strike.includes('AWS')
        ? (['aws'] as const)
        : (['venues'] as const);
  for (const line of lines) victim.link(line, mode);
  if (strike.includes('venue')) await pause(lastsMs);
  else await settled(takenOver);
  for (const line of lines) victim.link(line, 'open');
}

async function traderOf(world: EngineProcesses, id: VenueId): Promise<EngineProcess> {
  const trader = await world.trader(id);
  if (trader === null) throw new Error(`nobody trades ${unitId({ account: 'main', mode: 'paper', venue: id })}`);
  return trader;
}

/** How far the events are, for whoever looks into a difference. */
async function pipelineNow(world: EngineProcesses, id: VenueId): Promise<string> {
  const { unit } = world.venue(id);
  const last = world.events.findLast((event) => event.unit === unit);
  const mappings = world.poller.stats().filter((each) => each.recordsBehind > 0 || each.lastError !== null);
  const engines = world.engines().map((each) => `${each.name} ${each.complaints.slice(-3).join(' | ')}`);
  return `last event ${last?.id} at ${last?.time}; mappings ${JSON.stringify(mappings)}; ${engines.join(', ')}`;
}

/** Null, or why it did not come. */
async function settled(wait: () => Promise<unknown>): Promise<string | null> {
  try {
    await wait();
    return null;
  } catch (error) {
    return messageOf(error).slice(0, 1_000);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A line of the table. */
export function strikeLine(row: StrikeRow): string {
  const traded = row.tradedAfterMs === null ? 'never' : (row.tradedAfterMs / 1e3).toFixed(1);
  const cells = [row.number, row.strike, row.afterMs, row.working, traded, row.orphans, row.duplicates, row.stale];
  return `| ${[...cells, row.differences.length === 0 ? 'equal' : row.differences.join('; ')].join(' | ')} |`;
}

export const STRIKE_HEAD = [
  '| strike | what | ms after the first order | working orders | trades again after s | orphans | duplicates | by a stale holder | positions, orders, fills |',
  '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
].join('\n');
