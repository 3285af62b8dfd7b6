import { parseScaled } from '#core/market/scaled-decimal.ts';
import type { OrderReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createLedgerView } from '#engine/ledger-view.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { depositsFor, exchangeSettingsFor, leverageFor } from '#simulation/exchange-terms.ts';
import { createGeneratedMarket, startPriceOf } from '#simulation/market-sources/generated-market.ts';
import type { MarketSource } from '#simulation/market-sources/market-source.ts';
import { createDice } from '#simulation/world/dice.ts';
import { noFaults } from '#simulation/world/message-faults.ts';
import { VirtualTime } from '#simulation/world/virtual-time.ts';
import { WORLD_BEGAN, WorldProcess } from '#simulation/world/world-process.ts';
import { createWorldQueries } from '#simulation/world/world-queries.ts';
import { followMarket, type WorldVenue } from '#simulation/world/world-venue.ts';
import { createMemoryLeaseTable } from '../support/memory-lease-table.ts';
import { emboldenStrategies } from './bold-strategy.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { auditFaults } from './world-audit.ts';
import { WorldConfirmer } from './world-confirmer.ts';
import { WorldEngine } from './world-engine.ts';
import { WorldLedger } from './world-ledger.ts';
import { startReconciler } from './world-reconciler.ts';
import { checkRest } from './world-rest.ts';
import { REST_MS, type Wish, type WorldScript } from './world-script.ts';
import { PLAIN_SHAPE, unitOf } from './world-shape.ts';
import { carryOut, type Scene } from './world-steps.ts';
import { WorldStream } from './world-stream.ts';
import type { WorldTape } from './world-tape.ts';
import { WorldTruth } from './world-truth.ts';
import { desire } from './world-wishes.ts';

export interface WorldOptions {
  readonly bug?: PlantedBug | null;
  /** Keeps a line for each thing that happens. */
  readonly traced?: boolean;
  /** Replays the input log of each engine process at the end: its decisions must come out the same (invariant 8). */
  readonly replayed?: boolean;
}

export interface WorldResult {
  /** The first invariant that did not hold, or null. */
  readonly violation: string | null;
  readonly hash: string;
  readonly steps: number;
  readonly orders: number;
  readonly fills: number;
  /** Confirmations by the kind of their end. */
  readonly confirmed: Readonly<Record<string, number>>;
  readonly trace: readonly string[];
}

/** Before the end of a world prices stand still. */
const STILL_MS = 15_000;
/** How long a chain of promises may be to end within the step that began it; a longer one goes on in the next. */
const HOPS = 16;
const TURN_EVERY = 1_000;
/** Many times what a world takes: beyond it something goes round in circles. */
const MOST_STEPS = 120_000;

/** Runs one world from its script: engines, leases, lanes, orders, ledger and confirmation of the product, against a venue that misbehaves, on one virtual clock. */
export async function runWorld(script: WorldScript, options: WorldOptions = {}): Promise<WorldResult> {
  const restore = options.bug?.install?.();
  const { bold } = unitOf(script.shape ?? PLAIN_SHAPE);
  const restoreStrategies = bold.size === 0 ? undefined : emboldenStrategies(bold);
  const thrown: unknown[] = [];
  const onThrown = (reason: unknown) => thrown.push(reason);
  process.on('unhandledRejection', onThrown);
  try {
    const result = await runScript(script, options, () => thrown[0]);
    // What nobody awaited is known to have failed only a turn later.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const [first] = thrown;
    return first === undefined || result.violation !== null ? result : { ...result, violation: thrownText(first) };
  } finally {
    process.off('unhandledRejection', onThrown);
    restoreStrategies?.();
    restore?.();
  }
}

function thrownText(thrown: unknown): string {
  return `nothing is thrown: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`;
}

async function runScript(
  script: WorldScript,
  { bug = null, traced = false, replayed = false }: WorldOptions,
  unhandled: () => unknown,
): Promise<WorldResult> {
  const time = new VirtualTime();
  const dice = createDice(script.seed ^ 0x5eed);
  const shares = { ...script.shares };
  const {
    unit,
    venue: clients,
    instruments: listed,
    lanes,
    policy,
    depositShare,
  } = unitOf(script.shape ?? PLAIN_SHAPE);
  const instruments = new Map(listed.map((each) => [each.symbol, each]));
  // What is decided last must have the time to come to its end.
  const source = untilMs(
    createGeneratedMarket(listed, script.seed, { eventsPerSecond: 6, volatility: 1e-4, levels: 8 }),
    script.calmAtMs + REST_MS - STILL_MS,
  );
  const exchange = createSimulatedExchange({
    instruments: listed,
    source,
    clockStart: WORLD_BEGAN as EpochMs,
    // Venues differ in what becomes of a post-only order that would take: cancelled here, expired there.
    settings: { ...exchangeSettingsFor(unit.venue, listed), postOnlyRejects: script.seed % 2 === 0 },
  });
  const priced = listed.map((instrument) => ({ instrument, price: startPriceOf(instrument) }));
  const deposits = [...depositsFor(priced)].map(
    ([currency, amount]) => [currency, shareOf(amount, depositShare)] as const,
  );
  exchange.openAccount('main', new Map(deposits), leverageFor(priced));
  const maxPosition = new Map(
    lanes.map(({ symbol, limits }) => [
      symbol,
      parseScaled(limits.maxPositionSize, instruments.get(symbol)?.sizeScale ?? 0),
    ]),
  );
  const refusedLater = new Map<string, OrderReport>();
  const truth = new WorldTruth({
    unit,
    account: 'main',
    exchange,
    instruments,
    maxPosition,
    refusedLater,
    time,
    traced,
  });
  const venue: WorldVenue = {
    exchange,
    account: 'main',
    time,
    dice,
    shares,
    watch: truth,
    instruments,
    refusedLater,
    forgottenFills: new Set(),
    streams: new Set(),
    behind: new Map(),
    lies: new Set(),
    silent: false,
    mute: false,
    maintenance: false,
  };
  // Before any stream hears of it.
  exchange.listen({
    onMarket: () => undefined,
    onAccount: (event) => {
      if (event.kind === 'fill' && (venue.silent || dice.chance(shares.fillForgotten)))
        venue.forgottenFills.add(event.fill.fillId);
    },
  });
  followMarket(venue, source);

  const table = createMemoryLeaseTable();
  const ledger = new WorldLedger();
  const stream = new WorldStream(time, dice, shares);
  const cloud = new WorldProcess('cloud', time);
  cloud.start();
  const cuts = new Set<never>();
  const confirmer = new WorldConfirmer(cloud, createWorldQueries(venue, { process: cloud, epoch: null, cuts }), ledger);
  stream.read((event) => ledger.apply(event));
  stream.read((event) => confirmer.take(event));
  const reconciling = { unit, lanes, process: cloud, ledger, table, watch: truth };
  if (script.shape?.reconciled === true)
    startReconciler({ ...reconciling, queries: createWorldQueries(venue, { process: cloud, epoch: null, cuts }) });

  const outages = { leases: false };
  const tapes: WorldTape[] = [];
  const engines = ['engine-a', 'engine-b'].map(
    (name) =>
      new WorldEngine({
        name,
        unit,
        lanes,
        instruments,
        venue: clients,
        risk: { policy, lanes },
        world: venue,
        dice,
        stream,
        table,
        leaseOutage: () => outages.leases,
        readLedger: createLedgerView(ledger, cloud.clock),
        bug,
        onInput: (line) => truth.input(line),
        onEvent: (_engine, event) => truth.told(event),
        onQuote: (symbol, sync) => truth.quote(symbol, sync),
        onRunner: (runner, epoch) => truth.runner(runner, epoch),
        onTape: replayed ? (tape) => tapes.push(tape) : undefined,
      }),
  );
  const [first, second] = engines;
  if (first === undefined || second === undefined) throw new Error('a world has two engines');
  first.start();
  time.after(500, () => second.start());

  const wish = (next: Wish) => desire(table, { wish: next });
  const kill = (engine: WorldEngine) => {
    truth.lost(engine.publisher.unsent);
    truth.gone(engine.runner);
    engine.kill();
  };

  const scene: Scene = { script, venue, truth, stream, engines, lanes, outages, table, wish, kill };
  for (const step of script.steps) time.after(step.atMs, () => carryOut(step, scene));
  time.after(script.calmAtMs, () => {
    truth.trace(() => 'CALM');
    Object.assign(shares, noFaults());
    // What was begun before ends before: only now it is a matter of coming to rest.
    time.after(12_000, () => {
      for (const engine of engines) if (engine.process.state === 'down') engine.start();
      wish(script.seed % 2 === 0 ? 'flatten' : 'stop');
    });
  });

  let turns = 0;
  const settle = async () => {
    turns += 1;
    // Promises that are due run before this one goes on; now and then the process gets a turn of its own.
    for (let hop = 0; hop < HOPS; hop += 1) await null;
    if (turns % TURN_EVERY === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    truth.checkStep();
    if (time.steps > MOST_STEPS) truth.fail('the world goes on', `${MOST_STEPS} steps by ${time.nowMs} ms`);
    for (const engine of engines) {
      const contradiction = engine.contradiction();
      if (contradiction !== null)
        truth.fail('M1: a state is what was told', `${engine.process.name}: ${contradiction}`);
    }
    const lost = unhandled();
    if (lost !== undefined) truth.violation ??= thrownText(lost);
    return truth.violation === null;
  };
  try {
    await time.runUntil(script.calmAtMs + REST_MS, settle);
    for (const { publisher } of engines) publisher.drain();
    stream.arriveAll();
    if (truth.violation === null)
      checkRest({
        venue,
        truth,
        exchange,
        instruments,
        ledger,
        confirmer,
        lanes,
        runners: engines.map((each) => each.runner),
      });
    if (truth.violation === null) {
      const [fault] = await auditFaults(unit, {
        ledger,
        confirmer,
        exchange,
        forgotten: venue.forgottenFills,
        lied: venue.lies,
      });
      if (fault !== undefined) truth.fail('M1: the ledger proves itself', fault);
    }
  } catch (thrown) {
    truth.violation ??= thrownText(thrown);
  }
  for (const engine of engines) engine.kill();
  for (const tape of tapes) truth.violation ??= tape.replay();

  const confirmed: Record<string, number> = {};
  for (const { by } of confirmer.outcomes.values()) confirmed[by] = (confirmed[by] ?? 0) + 1;
  return {
    violation: truth.violation,
    hash: truth.digest(),
    steps: time.steps,
    orders: exchange.orders('main', null).length,
    fills: exchange.fills('main', null).length,
    confirmed,
    trace: truth.lines,
  };
}

function shareOf(amount: string, share: number): string {
  return share === 1 ? amount : (Number(amount) * share).toFixed(8);
}

/** A market whose prices stand still after `lastMs`. */
function untilMs(source: MarketSource, lastMs: number): MarketSource {
  return {
    origin: source.origin,
    next: (dueMs) => source.next(Math.min(dueMs, lastMs)),
    nextDueMs: () => {
      const due = source.nextDueMs();
      return due === null || due > lastMs ? null : due;
    },
  };
}
