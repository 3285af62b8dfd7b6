import type { Resolution } from '#core/lanes/lane-effects.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, FillReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { Dice } from '#simulation/world/dice.ts';

const STATUS = ['accepted', 'partiallyFilled', 'filled', 'canceled', 'rejected', 'expired'] as const;
const ANSWERS = ['accepted', 'rejected', 'unknown', 'notSent'] as const;
const ERROR_CLASSES = ['reject', 'reject', 'alreadySo', 'unknown', 'notFound', 'retry'] as const;

/** An order as this venue speaks of it: what is said of it may be anything, its name stays. */
export interface SaidOrder {
  readonly id: ClientOrderId;
  /** Null: of somebody else. */
  clientOrderId: string | null;
  readonly venueOrderId: string;
  readonly side: OrderIntent['side'];
  readonly reduceOnly: boolean;
  /** Terms that it was ever asked to have. */
  readonly prices: number[];
  readonly sizes: number[];
  filled: number;
}

/** A list in which each item stands often, now and then, or not at all: what happens together is so different each time. */
export function manyOf<Item>(items: readonly Item[], dice: Dice): readonly Item[] {
  return items.flatMap((item) => Array.from({ length: dice.pick([0, 0, 1, 2, 6]) }, () => item));
}

/** A venue that says anything of the orders that it was ever told of. */
export class SayingVenue {
  now = 0;
  readonly #dice: Dice;
  readonly #instrument: Instrument;
  readonly #orders: SaidOrder[] = [];
  readonly #fills: FillReport[] = [];
  /** What it says more often than other things. */
  readonly #says: readonly OrderReport['status'][];
  readonly #answers: readonly OrderAnswer['kind'][];
  /** How often it states the newest terms of an order, and how often that some of it has filled. */
  readonly #newest: number;
  readonly #fillsSaid: number;

  constructor(dice: Dice, instrument: Instrument) {
    this.#dice = dice;
    this.#instrument = instrument;
    this.#says = dice.chance(0.4) ? ['accepted'] : ['accepted', ...manyOf(STATUS, dice)];
    this.#answers = ['accepted', ...manyOf(ANSWERS, dice)];
    this.#newest = dice.pick([0.9, 0.5, 0.1]);
    this.#fillsSaid = dice.pick([0, 0.5]);
  }

  knows({ clientOrderId, side, reduceOnly, price, size }: OrderIntent): SaidOrder {
    const order: SaidOrder = {
      id: clientOrderId,
      clientOrderId,
      venueOrderId: this.#dice.chance(0.97) ? `v-${clientOrderId}` : '',
      side,
      reduceOnly,
      prices: [price ?? 0],
      sizes: [size],
      filled: 0,
    };
    this.#orders.push(order);
    return order;
  }

  amends(id: ClientOrderId, price: number, size: number): void {
    const order = this.order(id);
    order?.prices.unshift(price);
    order?.sizes.unshift(size);
  }

  orders(): readonly SaidOrder[] {
    return this.#orders;
  }

  order(id: string): SaidOrder | null {
    return this.#orders.find((each) => each.id === id || id.endsWith(each.venueOrderId)) ?? null;
  }

  any(): SaidOrder | null {
    const newest = this.#orders.at(-1);
    if (newest === undefined) return null;
    return this.#dice.chance(0.6) ? newest : this.#dice.pick(this.#orders);
  }

  answer(id: ClientOrderId): OrderAnswer {
    const dice = this.#dice;
    const said = dice.chance(0.95) ? 'said' : '';
    switch (dice.pick(this.#answers)) {
      case 'accepted':
        return { kind: 'accepted', venueOrderId: `v-${id}`, venueTime: null };
      case 'rejected':
        return { kind: 'rejected', code: said, text: said, errorClass: dice.pick(ERROR_CLASSES) };
      case 'unknown':
        return { kind: 'unknown', cause: 'timeout', code: '', text: 'no answer' };
      case 'notSent':
        return { kind: 'notSent', reason: 'notReady', text: 'waiting' };
    }
  }

  /** `asked`: it answers a question, or is one of a list. */
  report(order: SaidOrder, asked = false): OrderReport {
    const dice = this.#dice;
    const { priceScale, sizeScale, symbol } = this.#instrument;
    // Its newest terms, or any that it had.
    const terms = dice.chance(this.#newest) ? 0 : dice.whole(0, order.sizes.length - 1);
    const size = order.sizes[terms] ?? 0;
    return {
      kind: 'orderReport',
      source: asked ? 'query' : 'accountStream',
      symbol,
      clientOrderId: order.clientOrderId,
      venueOrderId: order.venueOrderId,
      status: dice.pick(this.#says),
      side: order.side,
      price: dice.chance(0.9) ? formatScaled(order.prices[terms] ?? 0, priceScale) : null,
      size: formatScaled(size, sizeScale),
      cumulativeSize: formatScaled(dice.chance(this.#fillsSaid) ? dice.pick([order.filled, size]) : 0, sizeScale),
      reduceOnly: order.reduceOnly,
      orderType: 'limit',
      reason: '',
      venueTime: (this.now - dice.pick([0, 0, 0, 100, 5_000])) as EpochMs,
    };
  }

  /** An answer to a question about an order: mostly that nothing of it is there. `position`: the own one. */
  resolution(order: SaidOrder | null, position: string): Resolution {
    const dice = this.#dice;
    const fills = order !== null && dice.chance(0.2) ? [this.fill(order, 'query')] : [];
    const kind = dice.pick(['found', 'absent', 'absent', 'absent', 'absent', 'failed'] as const);
    if (kind === 'failed') return { kind, reason: 'the venue does not answer' };
    if (kind === 'found' && order !== null) return { kind, report: this.report(order, true), fills };
    const { symbol } = this.#instrument;
    const queriedAt = this.now as EpochMs;
    const size = dice.chance(0.8) ? position : '77';
    return {
      kind: 'absent',
      fills: dice.chance(0.8) ? [] : fills,
      position: { kind: 'position', source: 'query', symbol, size, entryPrice: '0', venueTime: queriedAt },
      queriedAt,
      windowFrom: (queriedAt + dice.pick([-60_000, -60_000, -60_000, 1])) as EpochMs,
    };
  }

  /** A new execution, or one that was told before. */
  fill(order: SaidOrder, source: FillReport['source'] = 'accountStream'): FillReport {
    const dice = this.#dice;
    const { sizeScale, priceScale, symbol, settlementCurrency } = this.#instrument;
    const [told] = this.#fills;
    if (told !== undefined && dice.chance(0.1)) return told;
    const size = dice.pick(order.sizes);
    const rest = Math.max(1, size - order.filled);
    const executed = dice.pick([rest, rest, 5, 1]);
    order.filled += executed;
    const fill: FillReport = {
      kind: 'fill',
      source,
      symbol,
      fillId: `fill-${this.#fills.length + 1}`,
      clientOrderId: dice.chance(0.5) ? order.clientOrderId : null,
      venueOrderId: order.venueOrderId,
      side: order.side,
      price: formatScaled(order.prices[0] ?? 0, priceScale),
      size: formatScaled(executed, sizeScale),
      fee: '0',
      feeCurrency: settlementCurrency,
      liquidity: 'maker',
      cause: 'trade',
      venueTime: this.now as EpochMs,
    };
    this.#fills.unshift(fill);
    return fill;
  }
}
