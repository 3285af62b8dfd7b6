import { type Instrument, notional } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { formatScaled, type Price, type Size } from '#core/market/scaled-decimal.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createFairPrice } from './fair-price.ts';
import { GeneratedLadder } from './generated-ladder.ts';
import type { GeneratedMarketSettings } from './generated-market.ts';
import { createHawkesArrivals } from './hawkes-arrivals.ts';
import type { SourceChange, SourceLevel, SourceStep } from './market-source.ts';
import { createVariates, seedOf } from './random-variates.ts';

/** Value of a typical best level and of a typical trade, in quote currency. */
const LEVEL_VALUE = 40_000;
const TRADE_VALUE = 4_000;
/** A trade stops after so many prices. */
const MAX_TRADE_LEVELS = 4;
/** Chance that a trade goes the way of the one before, and that it follows the fair price where that has moved on. */
const SAME_SIDE = 0.65;
const FOLLOWS_PRICE = 0.8;
const OPEN_INTEREST_LEVELS = 2_000;

/** What a lot of an option counts as, whatever currency its price is in. */
const OPTION_LOT_VALUE = 1_000;

/** One symbol of a generated market, step by step. */
export interface GeneratedSymbol {
  /** When the next step is due, ms since the beginning. */
  readonly dueMs: number;
  /** Makes it. */
  step(): SourceStep;
}

export function createGeneratedSymbol(
  instrument: Instrument,
  seed: number,
  startPrice: number,
  settings: GeneratedMarketSettings,
): GeneratedSymbol {
  const { symbol, tickSize, lotSize } = instrument;
  const variates = createVariates(seededRandom(seedOf(seed, symbol)));
  const arrivals = createHawkesArrivals(settings.eventsPerSecond, variates);
  const fair = createFairPrice(startPrice / tickSize, settings.volatility, variates);
  const lotValue = lotValueOf(instrument, startPrice);
  const levelLots = LEVEL_VALUE / lotValue;
  let spread = 1;
  let lastSide: Side = 'buy';
  let markTicks = fair.ticks;

  const drawSize = (rank: number): number =>
    Math.max(1, Math.round(levelLots * (0.4 + 0.06 * Math.min(rank, 20)) * Math.exp(0.8 * variates.normal())));
  const bestBid = (): number => Math.floor(fair.ticks - spread / 2);
  const bids = new GeneratedLadder('buy', bestBid(), settings.levels, drawSize);
  const asks = new GeneratedLadder('sell', bestBid() + spread, settings.levels, drawSize);

  let now = 0;
  let nextEvent = 0;
  let nextTicker = 0;
  let begun = false;

  const priced = (levels: readonly [number, number][]): SourceLevel[] =>
    levels.map(([tick, lots]) => [(tick * tickSize) as Price, (lots * lotSize) as Size]);

  function ticker(): SourceChange {
    markTicks += (fair.ticks - markTicks) * 0.5;
    const markPrice = Math.round(markTicks * tickSize) as Price;
    return {
      kind: 'ticker',
      symbol,
      markPrice,
      indexPrice: Math.round(markPrice * (1 - 2e-4)) as Price,
      openInterest: formatScaled(Math.round(levelLots * OPEN_INTEREST_LEVELS) * lotSize, instrument.sizeScale),
    };
  }

  /** A market order of somebody: prints at each price it reaches. */
  function trade(changes: SourceChange[]): void {
    const middle = (bids.best + asks.best) / 2;
    const moved = fair.ticks - middle;
    let side: Side = variates.uniform() < SAME_SIDE ? lastSide : lastSide === 'buy' ? 'sell' : 'buy';
    if (Math.abs(moved) > spread / 2 && variates.uniform() < FOLLOWS_PRICE) side = moved > 0 ? 'buy' : 'sell';
    lastSide = side;
    const ladder = side === 'buy' ? asks : bids;
    // Log-normal, so that a few trades are many times the typical one.
    const wanted = Math.max(1, Math.round((TRADE_VALUE / lotValue) * Math.exp(1.4 * variates.normal() - 1)));
    let left = wanted;
    for (let prints = 0; left > 0 && prints < MAX_TRADE_LEVELS; prints += 1) {
      const price = (ladder.best * tickSize) as Price;
      const taken = ladder.take(left);
      left -= taken;
      changes.push({ kind: 'trade', symbol, tradeId: null, price, size: (taken * lotSize) as Size, takerSide: side });
    }
    fair.push((side === 'buy' ? 1 : -1) * 0.1 * Math.min(2, wanted / levelLots));
  }

  /** Makers follow the fair price; now and then the spread changes with the turmoil. */
  function requote(): void {
    if (variates.uniform() < 0.02) spread = 1 + Math.min(20, variates.geometric(0.4 * fair.turmoil));
    const bid = bestBid();
    // The side that gives way goes first, so that the two never meet.
    if (bid >= bids.best) {
      asks.moveBest(bid + spread);
      bids.moveBest(bid);
    } else {
      bids.moveBest(bid);
      asks.moveBest(bid + spread);
    }
  }

  /** New orders and cancellations, mostly near the best price. */
  function redrawLevels(): void {
    const count = 1 + variates.geometric(1.5);
    for (let index = 0; index < count; index += 1) {
      const ladder = variates.uniform() < 0.5 ? bids : asks;
      ladder.redraw(Math.min(settings.levels - 1, variates.geometric(6)));
    }
  }

  function act(changes: SourceChange[]): void {
    fair.advance((nextEvent - now) / 1_000);
    if (variates.uniform() < settings.tradeShare) trade(changes);
    // After a trade the makers need a moment: the book that it left stands until the next event.
    else requote();
    redrawLevels();
    changes.push({
      kind: 'book',
      symbol,
      isSnapshot: false,
      bids: priced(bids.takeChanges()),
      asks: priced(asks.takeChanges()),
      sequence: null,
    });
  }

  function begin(): SourceStep {
    begun = true;
    bids.takeChanges();
    asks.takeChanges();
    nextEvent = arrivals();
    nextTicker = settings.tickerIntervalMs;
    const book: SourceChange = {
      kind: 'book',
      symbol,
      isSnapshot: true,
      bids: priced(bids.levels()),
      asks: priced(asks.levels()),
      sequence: null,
    };
    return { offsetMs: 0, frame: null, changes: [book, ticker()] };
  }

  return {
    get dueMs() {
      return Math.min(nextEvent, nextTicker);
    },
    step() {
      if (!begun) return begin();
      if (nextTicker <= nextEvent) {
        const offsetMs = nextTicker;
        nextTicker += settings.tickerIntervalMs;
        return { offsetMs, frame: null, changes: [ticker()] };
      }
      const changes: SourceChange[] = [];
      act(changes);
      now = nextEvent;
      nextEvent += arrivals();
      return { offsetMs: now, frame: null, changes };
    },
  };
}

/** In quote currency. */
function lotValueOf(instrument: Instrument, startPrice: number): number {
  return instrument.kind === 'option'
    ? OPTION_LOT_VALUE
    : notional(instrument, startPrice as Price, instrument.lotSize);
}
