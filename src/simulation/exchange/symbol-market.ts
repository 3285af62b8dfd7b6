import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SourceChange } from '../market-sources/market-source.ts';
import type { ExactFees } from './exchange-settings.ts';
import { ExternalBook } from './external-book.ts';
import { RestingOrders } from './resting-orders.ts';
import type { SimulatedBook, SimulatedMarketEvent, SimulatedTicker } from './simulated-exchange.ts';
import { sizeAtPrice } from './size-at-price.ts';
import type { WorkingOrder } from './working-order.ts';

type BookEvent = Extract<SimulatedMarketEvent, { kind: 'bookChange' }>;

/** One symbol: the liquidity of others, the resting and waiting orders of accounts, the prices, and the book as published. */
export class SymbolMarket {
  readonly instrument: Instrument;
  readonly external: ExternalBook;
  readonly resting = { buy: new RestingOrders('buy'), sell: new RestingOrders('sell') };
  /** Stop orders that have not been triggered, oldest first. */
  readonly stops = new Set<WorkingOrder>();
  lastPrice = 0 as Price;
  /** As the source states them; 0 while it has not. */
  statedMark = 0 as Price;
  statedIndex = 0 as Price;
  /** As last looked at: what a change of the mark price is told by. */
  checkedMark = 0 as Price;
  fundingRate: string;
  nextFundingTime: EpochMs;
  openInterest = '0';
  /** Whether funding is paid on it. */
  readonly funded: boolean;
  readonly fees: ExactFees;
  readonly #origin: 'generated' | 'recorded';
  readonly #published: OrderBook;
  readonly #dirty = { buy: new Set<number>(), sell: new Set<number>() };

  constructor(
    instrument: Instrument,
    origin: 'generated' | 'recorded',
    funding: { readonly rate: string; readonly nextTime: EpochMs } | null,
    fees: ExactFees,
  ) {
    this.instrument = instrument;
    this.funded = funding !== null;
    this.fees = fees;
    this.external = new ExternalBook(instrument.symbol);
    this.fundingRate = funding?.rate ?? '0';
    this.nextFundingTime = funding?.nextTime ?? (0 as EpochMs);
    this.#origin = origin;
    this.#published = new OrderBook(instrument.symbol);
  }

  /** Applies what the source says of the book, queue places included. */
  applyBook(change: Extract<SourceChange, { kind: 'book' }>): void {
    const touched = this.external.apply(change);
    for (const side of ['buy', 'sell'] as const) {
      for (const price of touched[side]) {
        this.markDirty(side, price);
        this.resting[side].limitQueue(price, this.external.sizeAt(side, price));
      }
    }
  }

  /** Best price that an incoming order would meet, accounts' own orders included. */
  bestPrice(side: Side): Price | null {
    const external = this.external.bestPrice(side);
    const resting = this.resting[side].bestPrice() as Price | null;
    if (external === null || resting === null) return external ?? resting;
    return side === 'buy' ? (Math.max(external, resting) as Price) : (Math.min(external, resting) as Price);
  }

  /** The stated mark price, else the middle of the others' book, else the last price; 0 while nothing is known. */
  markPrice(): Price {
    if (this.statedMark !== 0) return this.statedMark;
    const { bidPrice, askPrice } = this.external.stated;
    if (bidPrice !== 0 && askPrice !== 0) return Math.round((bidPrice + askPrice) / 2) as Price;
    return this.lastPrice;
  }

  ticker(): SimulatedTicker {
    const markPrice = this.markPrice();
    return {
      symbol: this.instrument.symbol,
      lastPrice: this.lastPrice === 0 ? markPrice : this.lastPrice,
      markPrice,
      indexPrice: this.statedIndex === 0 ? markPrice : this.statedIndex,
      fundingRate: this.fundingRate,
      nextFundingTime: this.nextFundingTime,
      openInterest: this.openInterest,
    };
  }

  /** The published book; a recorded market shows what was recorded alone, under the venue's sequence number. */
  book(depth: number): SimulatedBook {
    const book = this.#origin === 'recorded' ? this.external.stated : this.#published;
    return {
      symbol: this.instrument.symbol,
      bids: book.levels('buy', depth),
      asks: book.levels('sell', depth),
      sequence: book.sequence,
    };
  }

  markDirty(side: Side, price: number): void {
    this.#dirty[side].add(price);
  }

  /** What has changed of the published book since the last call, or null. */
  publishChange(time: EpochMs): BookEvent | null {
    const bids = this.#changes('buy');
    const asks = this.#changes('sell');
    if (bids.length + asks.length === 0) return null;
    const recorded = this.#origin === 'recorded';
    if (!recorded) this.#published.sequence += 1;
    const { sequence } = recorded ? this.external.stated : this.#published;
    return { kind: 'bookChange', symbol: this.instrument.symbol, bids, asks, sequence, time };
  }

  #changes(side: Side): [Price, Size][] {
    const dirty = this.#dirty[side];
    if (dirty.size === 0) return [];
    const changes: [Price, Size][] = [];
    for (const price of dirty) {
      const size = this.#visibleAt(side, price);
      if (size === sizeAtPrice(this.#published, side, price)) continue;
      this.#published.set(side, price as Price, size as Size);
      changes.push([price as Price, size as Size]);
    }
    dirty.clear();
    return changes;
  }

  #visibleAt(side: Side, price: number): number {
    if (this.#origin === 'recorded') return sizeAtPrice(this.external.stated, side, price);
    return this.external.sizeAt(side, price) + this.resting[side].sizeAt(price);
  }
}
