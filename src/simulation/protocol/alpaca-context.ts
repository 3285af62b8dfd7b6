import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SimulatedExchange, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import { type AlpacaCashBooks, createCashBooks } from './alpaca-cash.ts';
import { type OrderExtras, orderRow, type Row } from './alpaca-rows.ts';
import type { ApiKeyRing } from './api-keys.ts';
import type { VenueFaults } from './venue-faults.ts';

/** What the parts of the simulated Alpaca share. */
export interface AlpacaContext {
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  readonly faults: VenueFaults;
  /** The venue's own time, faults of its clock included. */
  now(): EpochMs;
  instrument(symbol: string): Instrument | null;
  /** Throws `INSTRUMENT_UNKNOWN` for a symbol of which the exchange has told and which it does not have. */
  requireInstrument(symbol: string): Instrument;
  /** What is known of an order beyond the exchange; made when it is first asked for. */
  extras(orderId: string): OrderExtras;
  setExtras(orderId: string, extras: OrderExtras): void;
  /** The next order that the exchange tells of, and that is not known, is this one; null: none is expected. */
  expectOrder(extras: OrderExtras | null): void;
  /** The session as the venue tells it: it opens before the exchange begins to match, and closes before that ends. */
  readonly session: { open: boolean };
  orderRow(order: SimulatedOrder): Row;
  /** Orders that were acknowledged and then rejected; they rest nowhere, and are history. Oldest first. */
  readonly rejected: Map<string, SimulatedOrder>;
  /** What moved cash without a trade. */
  readonly cash: AlpacaCashBooks;
}

const MAX_EXTRAS = 200_000;

export function createAlpacaContext(options: {
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  readonly faults: VenueFaults;
  readonly epochMs: () => number;
}): AlpacaContext {
  const { exchange, faults } = options;
  const instruments = new Map(exchange.instruments.map((each) => [each.symbol, each]));
  const known = new Map<string, OrderExtras>();
  const session = { open: exchange.marketOpen() };
  let expected: OrderExtras | null = null;

  function keep(orderId: string, extras: OrderExtras): void {
    known.set(orderId, extras);
    if (known.size <= MAX_EXTRAS) return;
    for (const oldest of known.keys()) {
      known.delete(oldest);
      return;
    }
  }

  const context: AlpacaContext = {
    exchange,
    keys: options.keys,
    faults,
    now: () => (Math.floor(options.epochMs()) + faults.clockOffsetMs) as EpochMs,
    instrument: (symbol) => instruments.get(symbol) ?? null,
    requireInstrument(symbol) {
      const instrument = instruments.get(symbol);
      if (instrument !== undefined) return instrument;
      throw new MillraceError('fatal', 'INSTRUMENT_UNKNOWN', `symbol=${symbol}`);
    },
    extras(orderId) {
      const extras = known.get(orderId);
      if (extras !== undefined) return extras;
      const made: OrderExtras = expected ?? {
        timeInForce: 'day',
        ended: null,
        doneForDay: false,
        replaces: null,
        replacedBy: null,
      };
      expected = null;
      keep(orderId, made);
      return made;
    },
    setExtras: keep,
    expectOrder(extras) {
      expected = extras;
    },
    session,
    orderRow: (order) =>
      orderRow(order, context.requireInstrument(order.symbol), context.extras(order.orderId), session.open),
    rejected: new Map(),
    cash: createCashBooks(),
  };
  return context;
}
