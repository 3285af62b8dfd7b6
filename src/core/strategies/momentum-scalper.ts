import type { MomentumScalperSettings } from '../config/runtime-configuration.ts';
import type { Instrument } from '../market/instrument.ts';
import type { Side } from '../market/market-message.ts';
import type { OrderBook } from '../market/order-book.ts';
import { type Price, parseScaled, type Size } from '../market/scaled-decimal.ts';
import type { MonoNanos } from '../time/clock.ts';
import type { ExitCall, OpenPosition, Signal, Strategy } from './strategy.ts';

/**
 * The reference strategy: follows the drift of the mid price over a ring of the last `window` book changes. A small drift rests at the own touch,
 * a large one takes at the other; the size grows with the drift. It leaves by a resting take profit, a stop loss, or after a holding time.
 * It is here to exercise the pipeline; nothing says that it earns money.
 */
export class MomentumScalper implements Strategy {
  readonly #settings: MomentumScalperSettings;
  readonly #instrument: Instrument;
  /** Sums of bid and ask, twice the mid, so that they stay integers. */
  readonly #ring: Float64Array;
  #next = 0;
  #filled = 0;
  readonly #signal: Signal = { side: null, style: 'rest', price: 0 as Price, size: 0 as Size, strength: 0 };
  readonly #baseSize: number;

  constructor(settings: MomentumScalperSettings, instrument: Instrument) {
    this.#settings = settings;
    this.#instrument = instrument;
    this.#ring = new Float64Array(settings.window);
    this.#baseSize = parseScaled(settings.baseSize, instrument.sizeScale);
  }

  onBook(book: OrderBook, _now: MonoNanos): Signal {
    const signal = this.#signal;
    signal.side = null;
    const bid = book.bidPrice;
    const ask = book.askPrice;
    if (bid === 0 || ask === 0) return signal;
    const sum = bid + ask;
    const ring = this.#ring;
    const oldest = ring[this.#next] as number;
    ring[this.#next] = sum;
    this.#next = this.#next + 1 === ring.length ? 0 : this.#next + 1;
    if (this.#filled < ring.length) {
      this.#filled += 1;
      return signal;
    }
    const driftTicks = (sum - oldest) / (2 * this.#instrument.tickSize);
    const strength = Math.abs(driftTicks) / this.#settings.entryTicks;
    if (strength < 1) return signal;
    const buys = driftTicks > 0;
    // Spot cannot be sold short, and what is held is left by the exit rules.
    if (!buys && this.#instrument.kind === 'spot') return signal;
    const takes = Math.abs(driftTicks) >= this.#settings.takeTicks;
    signal.side = buys ? 'buy' : 'sell';
    signal.strength = strength;
    signal.style = takes ? 'take' : 'rest';
    signal.price = buys === takes ? ask : bid;
    const wished = this.#baseSize * Math.min(strength, this.#settings.maxSizeFactor);
    const lot = this.#instrument.lotSize;
    signal.size = (Math.floor(wished / lot) * lot) as Size;
    return signal;
  }

  exitCall(position: OpenPosition, book: OrderBook, now: MonoNanos): ExitCall {
    const long = position.size > 0;
    // The price at which the position could be closed now.
    const closing = long ? book.bidPrice : book.askPrice;
    if (closing !== 0) {
      const lossTicks = ((long ? 1 : -1) * (position.entryPrice - closing)) / this.#instrument.tickSize;
      if (lossTicks >= this.#settings.stopLossTicks) return 'stopLoss';
    }
    return now - position.openedAt >= this.#settings.holdMs * 1e6 ? 'holdTime' : null;
  }

  takeProfitPrice(position: OpenPosition): Price {
    const { tickSize } = this.#instrument;
    const distance = this.#settings.takeProfitTicks * tickSize;
    const long = position.size > 0;
    const exact = position.entryPrice + (long ? distance : -distance);
    const ticks = exact / tickSize;
    return ((long ? Math.ceil(ticks) : Math.floor(ticks)) * tickSize) as Price;
  }

  stopLossPrice(position: OpenPosition): Price {
    const { tickSize } = this.#instrument;
    const distance = this.#settings.stopLossTicks * tickSize;
    const long = position.size > 0;
    const ticks = (position.entryPrice + (long ? -distance : distance)) / tickSize;
    return Math.max(0, (long ? Math.floor(ticks) : Math.ceil(ticks)) * tickSize) as Price;
  }

  /** Follows its touch when that has gone ahead; it never goes back, since a price that comes back has filled it. */
  restingPrice(side: Side, price: Price, book: OrderBook): Price {
    const { repegTicks } = this.#settings;
    const touch = side === 'buy' ? book.bidPrice : book.askPrice;
    if (repegTicks === undefined || touch === 0) return price;
    const ahead = (side === 'buy' ? touch - price : price - touch) / this.#instrument.tickSize;
    return ahead >= repegTicks ? touch : price;
  }

  reset(): void {
    this.#next = 0;
    this.#filled = 0;
  }
}
