import { Decimal } from 'decimal.js';
import { MillraceError } from '#core/errors.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SimulatedExchange, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { ApiKeyRing } from './api-keys.ts';
import type { BybitServerCategory } from './bybit-category.ts';
import { orderRow, type Row, walletRow } from './bybit-rows.ts';
import type { VenueFaults } from './venue-faults.ts';

/** What the parts of the simulated Bybit share. */
export interface BybitContext {
  readonly category: BybitServerCategory;
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  readonly faults: VenueFaults;
  /** The venue's own time, faults of its clock included. */
  now(): EpochMs;
  instrument(symbol: string): Instrument | null;
  /** Connection id in the answers, as the venue gives one. */
  connectionId(sessionId: string): string;
  /** An order as the venue shows it, fees and late rejections included. */
  orderRow(order: SimulatedOrder): Row;
  /** The wallet of an account; with `currency` only that coin of it. */
  walletRow(accountId: string, currency: string | null): Row;
  /** Adds to the fees paid for an order. */
  addFee(orderId: string, fee: string): void;
  /** Orders that were acknowledged and then refused; they rest nowhere, and are history. */
  readonly rejected: Map<string, { readonly order: SimulatedOrder; readonly reason: string }>;
  /** Funding payments by account, oldest first: history that is no fill. */
  readonly funding: Map<string, Row[]>;
  /** What the transaction log tells beside trades, by account, oldest first. */
  readonly transactions: Map<string, Row[]>;
}

/** Orders whose fees are known; older ones show none. */
const MAX_FEES = 200_000;

export function createBybitContext(options: {
  readonly category: BybitServerCategory;
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  readonly faults: VenueFaults;
  readonly epochMs: () => number;
}): BybitContext {
  const { exchange, faults } = options;
  const fees = new Map<string, Decimal>();
  const rejected: BybitContext['rejected'] = new Map();
  const instrument = (symbol: string): Instrument | null =>
    exchange.instruments.find((each) => each.symbol === symbol) ?? null;
  function usdPrice(currency: string): string {
    const pair = exchange.instruments.find((each) => each.kind === 'spot' && each.baseCurrency === currency);
    return pair === undefined ? '1' : formatScaled(exchange.ticker(pair.symbol).lastPrice, pair.priceScale);
  }

  return {
    category: options.category,
    exchange,
    keys: options.keys,
    faults,
    now: () => (Math.floor(options.epochMs()) + faults.clockOffsetMs) as EpochMs,
    instrument,
    connectionId: (sessionId) => `simulated-${sessionId}`,
    orderRow(order) {
      const known = instrument(order.symbol);
      if (known === null) {
        throw new MillraceError('fatal', 'INSTRUMENT_UNKNOWN', `symbol=${order.symbol} order=${order.orderId}`);
      }
      const fee = fees.get(order.orderId)?.toFixed() ?? '0';
      return orderRow(order, known, fee, rejected.get(order.orderId)?.reason ?? null);
    },
    walletRow(accountId, currency) {
      return walletRow(exchange.balances(accountId), exchange.positions(accountId), usdPrice, currency);
    },
    addFee(orderId, fee) {
      fees.set(orderId, (fees.get(orderId) ?? new Decimal(0)).add(fee));
      if (fees.size > MAX_FEES) forgetOldest(fees);
    },
    rejected,
    funding: new Map(),
    transactions: new Map(),
  };
}

function forgetOldest(fees: Map<string, Decimal>): void {
  for (const oldest of fees.keys()) {
    fees.delete(oldest);
    return;
  }
}
