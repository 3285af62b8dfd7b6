import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import { parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import { marketOrder } from '#simulation/exchange/market-order.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { createDice } from '#simulation/world/dice.ts';
import type { VirtualTime } from '#simulation/world/virtual-time.ts';
import type { WorldProcess } from '#simulation/world/world-process.ts';
import { heldAt, venueNow, type WorldVenue } from '#simulation/world/world-venue.ts';
import type { MemoryLeaseTable } from '../support/memory-lease-table.ts';
import type { WorldEngine } from './world-engine.ts';
import type { Wish, WorldScript, WorldStep } from './world-script.ts';
import type { WorldStream } from './world-stream.ts';
import type { WorldTruth } from './world-truth.ts';
import { decide, desire } from './world-wishes.ts';

/** What the faults of a script act upon. */
export interface Scene {
  readonly script: WorldScript;
  readonly venue: WorldVenue;
  readonly truth: WorldTruth;
  readonly stream: WorldStream;
  readonly engines: readonly WorldEngine[];
  readonly lanes: readonly LaneConfiguration[];
  readonly outages: { leases: boolean };
  readonly table: MemoryLeaseTable;
  readonly wish: (next: Wish) => void;
  /** SIGKILL. */
  readonly kill: (engine: WorldEngine) => void;
}

/** How often somebody looks whether an order is Unknown, ms. */
const LOOKS_EVERY_MS = 100;
/** In quote currency: no position is worth so little margin. */
const LEFT_AFTER_LOSS = 5;

/** Lets one fault of a script happen, and end. */
export function carryOut(step: WorldStep, scene: Scene): void {
  const { script, venue, truth, stream, engines, lanes, outages, table, wish, kill } = scene;
  const { exchange, time } = venue;
  const engine = engines[step.engine];
  if (engine === undefined) return;
  truth.trace(() => `FAULT ${step.fault} of ${engine.process.name} for ${step.forMs} ms`);
  const until = (undo: () => void) => time.after(step.forMs, undo);
  switch (step.fault) {
    case 'crash':
      kill(engine);
      until(() => engine.start());
      return;
    case 'pause':
      engine.process.pause();
      until(() => engine.process.resume(step.chance < 0.5 ? 'arrived' : 'timers'));
      return;
    case 'stutter':
      stutter(step, engine.process, time);
      return;
    case 'redeploy':
      if (engine.process.state === 'running') void engine.end();
      until(() => {
        // What does not end by itself is killed.
        time.after(15_000, () => {
          if (engine.process.state !== 'down' && engine.runner === null) kill(engine);
          engine.start();
        });
      });
      return;
    case 'wallStep': {
      const ms = step.chance < 0.5 ? script.wallMs : -script.wallMs;
      engine.process.stepWall(ms);
      until(() => engine.process.stepWall(-ms));
      return;
    }
    case 'cutAccount':
    case 'cutOrders':
    case 'cutQueries': {
      const link = ({ cutAccount: 'account', cutOrders: 'orders', cutQueries: 'queries' } as const)[step.fault];
      engine.cut(link, step.chance * 3_000);
      if (link === 'queries') truth.blind(step.forMs);
      until(() => engine.mend(link));
      return;
    }
    case 'restOutage':
      for (const each of engines) each.cut('queries', 0);
      truth.blind(step.forMs);
      until(() => {
        for (const each of engines) each.mend('queries');
      });
      return;
    case 'stallBooks':
      engine.stallBooks(step.forMs);
      return;
    case 'maintenance':
      venue.maintenance = true;
      truth.blind(step.forMs);
      until(() => {
        venue.maintenance = false;
      });
      return;
    case 'leaseOutage':
      outages.leases = true;
      until(() => {
        outages.leases = false;
      });
      return;
    case 'streamOutage':
      stream.down = true;
      until(() => {
        stream.down = false;
      });
      return;
    case 'command':
      wish((['reduce', 'stop', 'flatten'] as const)[Math.floor(step.chance * 3)] ?? 'stop');
      until(() => wish('run'));
      return;
    case 'liquidation': {
      const instrument = venue.instruments.get(lanes[step.symbol]?.symbol ?? '');
      if (instrument === undefined || instrument.kind === 'spot') return;
      const { settlementCurrency: currency, quoteCurrency, priceScale } = instrument;
      const worth = currency === quoteCurrency ? 1 : 10 ** priceScale / startPriceOf(instrument);
      const wallet = exchange.balances('main').find((each) => each.currency === currency)?.walletBalance ?? '0';
      const taken = (Number(wallet) - LEFT_AFTER_LOSS * worth).toFixed(8);
      if (Number(taken) <= 0) return;
      exchange.transfer('main', currency, `-${taken}`);
      until(() => exchange.transfer('main', currency, taken));
      return;
    }
    case 'manualTrade':
    case 'manualClose':
      tradeByHand(step, scene);
      return;
    case 'manualOrder':
      orderByHand(step, scene);
      return;
    case 'unexplained':
    case 'drift':
      changeUntold(step, scene);
      return;
    case 'freeze': {
      const symbol = lanes[step.symbol]?.symbol;
      if (symbol === undefined) return;
      desire(table, { frozenSymbols: [symbol] });
      until(() => desire(table, { frozenSymbols: [] }));
      return;
    }
    case 'decision':
    case 'wrongDecision': {
      const wrongly = step.fault === 'wrongDecision';
      let left = Math.ceil(step.forMs / LOOKS_EVERY_MS);
      const look = () => {
        left -= 1;
        if (decide(table, engines, venue, venueNow(venue), wrongly ? step.chance : null) || left <= 0) return;
        time.after(LOOKS_EVERY_MS, look);
      };
      look();
      return;
    }
  }
}

/** Three changes that are told nowhere, so that a lane gives up; then people look, and wish it to run. */
function changeUntold(step: WorldStep, scene: Scene): void {
  const { script, venue, wish } = scene;
  const everyMs = step.fault === 'drift' ? 13_000 : 4_000;
  // Once it is calm nothing is changed any more, and what is wished at the end stays wished.
  const before = (endMs: number, run: () => void) => () => {
    if (venue.time.nowMs < endMs) run();
  };
  const change = (times: number) => {
    venue.silent = true;
    // Else the lane waits for the executions of the order that it heard of, and takes no entry meanwhile.
    venue.mute = step.fault === 'drift';
    tradeByHand({ ...step, fault: times === 1 ? 'manualTrade' : 'manualClose' }, scene);
    tradeByHand({ ...step, fault: 'manualTrade' }, scene);
    venue.silent = false;
    venue.mute = false;
  };
  for (let times = 0; times < 3; times += 1)
    venue.time.after(
      times * everyMs,
      before(script.calmAtMs + 10_000, () => change(times)),
    );
  // At once, while the last of it may still be held, and later.
  for (const afterMs of [1_500, 3_000, 4_500, 6_000])
    venue.time.after(
      2 * everyMs + afterMs + step.forMs / 4,
      before(script.calmAtMs + 11_000, () => wish('run')),
    );
}

/** Stopped and let go again for moments, for as long as the step lasts. */
function stutter({ forMs, chance }: WorldStep, process: WorldProcess, time: VirtualTime): void {
  const dice = createDice(Math.floor(chance * 2 ** 31));
  const endsAtMs = time.nowMs + forMs;
  const stop = () => {
    if (time.nowMs >= endsAtMs) return;
    process.pause();
    time.after(dice.between(50, 700), () => {
      process.resume(dice.chance(0.7) ? 'arrived' : 'timers');
      time.after(dice.between(1, 400), stop);
    });
  };
  stop();
}

/** An order of somebody else's that rests for a while, and may fill. */
function orderByHand(step: WorldStep, { venue, truth, lanes }: Scene): void {
  const lane = lanes[step.symbol];
  const instrument = venue.instruments.get(lane?.symbol ?? '');
  if (lane === undefined || instrument === undefined || instrument.kind === 'spot') return;
  venueNow(venue);
  const { bids, asks } = venue.exchange.book(lane.symbol, 3);
  const buys = step.chance < 0.5;
  const price = (buys ? bids : asks)[Math.floor(step.chance * 6) % 3]?.[0];
  if (price === undefined) return;
  truth.foreign(lane.symbol, step.forMs);
  const placed = venue.exchange.place('main', {
    clientOrderId: null,
    symbol: lane.symbol,
    side: buys ? 'buy' : 'sell',
    type: 'limit',
    timeInForce: 'gtc',
    price,
    triggerPrice: null,
    size: parseScaled(lane.strategy.baseSize, instrument.sizeScale) as Size,
    reduceOnly: false,
  });
  if (placed.kind === 'refused') return;
  venue.time.after(step.forMs, () => {
    venueNow(venue);
    venue.exchange.cancel('main', { orderId: placed.order.orderId, clientOrderId: null });
  });
}

function tradeByHand(step: WorldStep, { venue, truth, lanes }: Scene): void {
  const { exchange, instruments } = venue;
  const lane = lanes[step.symbol];
  const instrument = lane === undefined ? undefined : instruments.get(lane.symbol);
  if (lane === undefined || instrument === undefined) return;
  venueNow(venue);
  const spot = instrument.kind === 'spot';
  const exact = Number(heldAt(venue, lane.symbol)) * 10 ** instrument.sizeScale;
  const held = spot ? Math.floor(exact / instrument.lotSize) * instrument.lotSize : Math.round(exact);
  // What is bought by hand on spot is people's own, and what is sold must be there.
  const closes = step.fault === 'manualClose' || spot;
  if (closes && held === 0) return;
  truth.foreign(lane.symbol);
  exchange.place(
    'main',
    marketOrder({
      symbol: lane.symbol,
      side: closes ? (held > 0 ? 'sell' : 'buy') : step.chance < 0.5 ? 'buy' : 'sell',
      size: (closes ? Math.abs(held) : parseScaled(lane.strategy.baseSize, instrument.sizeScale)) as Size,
      reduceOnly: closes && !spot,
    }),
  );
}
