import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import { checkRisk, type DenialCode, RISK_CHECKS, type RiskContext } from '#core/risk/checks.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

const SPOT: Instrument = { ...BTC, kind: 'spot' };

function context(changes: Partial<RiskContext> = {}): RiskContext {
  return {
    instrument: BTC,
    limits: laneConfiguration().limits,
    maxOrderSize: 1_000,
    maxPositionSize: 1_000,
    bookValid: true,
    bidPrice: 599_999,
    askPrice: 600_001,
    dataAgeMs: 1,
    positionSize: 0,
    workingBuySize: 0,
    workingSellSize: 0,
    openOrders: 0,
    exitsAtWork: 0,
    unknownOrders: 0,
    dailyProfit: 0,
    orderTokens: 5,
    entriesPaused: null,
    frozen: false,
    fence: null,
    closed: null,
    ...changes,
  };
}

function entry(changes: Partial<OrderIntent> = {}): OrderIntent {
  return {
    clientOrderId: 'p-1-1' as ClientOrderId,
    venue: 'binance-usdm',
    symbol: 'BTCUSDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'ioc',
    price: 600_001 as Price,
    size: 10 as Size,
    reduceOnly: false,
    purpose: 'entry',
    ...changes,
  };
}

const exit = (changes: Partial<OrderIntent> = {}) =>
  entry({ side: 'sell', reduceOnly: true, purpose: 'stopLoss', type: 'market', price: null, ...changes });

/** One case per check: what makes exactly it refuse. */
const REFUSALS: Readonly<Record<DenialCode, [Partial<RiskContext>, OrderIntent]>> = {
  LEASE_NOT_HELD: [{ closed: 'the lease has ended' }, entry()],
  ENTRIES_FENCED: [{ fence: 'no trading stream for 2 s' }, entry()],
  ENTRIES_PAUSED: [{ entriesPaused: 'reduce' }, entry()],
  SYMBOL_FROZEN: [{ frozen: true }, entry()],
  ORDER_UNKNOWN_PENDING: [{ unknownOrders: 1 }, entry()],
  BOOK_INVALID: [{ bookValid: false }, entry()],
  DATA_TOO_OLD: [{ dataAgeMs: 101 }, entry()],
  SPREAD_TOO_WIDE: [{ bidPrice: 590_000 }, entry()],
  ORDER_SIZE_BELOW_MINIMUM: [{}, entry({ size: 0 as Size })],
  ORDER_SIZE_LIMIT: [{}, entry({ size: 1_001 as Size })],
  POSITION_SIZE_LIMIT: [{ positionSize: 500, workingBuySize: 495 }, entry()],
  SHORT_IMPOSSIBLE: [{ instrument: SPOT, positionSize: 9 }, entry({ side: 'sell' })],
  EXIT_AT_WORK: [{ instrument: SPOT, positionSize: 50, exitsAtWork: 1 }, exit()],
  PRICE_OUT_OF_BAND: [{}, entry({ price: 650_000 as Price })],
  DAILY_LOSS_LIMIT: [{ dailyProfit: -1_000 }, entry()],
  OPEN_ORDERS_LIMIT: [{ openOrders: 5 }, entry()],
  ORDER_RATE_LIMIT: [{ orderTokens: 0.5 }, entry()],
  REDUCE_ONLY_WOULD_OPEN: [{ positionSize: 5 }, exit()],
};

describe('risk', () => {
  it('H12: an order within every limit passes', () => {
    expect(checkRisk(context(), entry())).toBeNull();
    expect(checkRisk(context({ positionSize: 10 }), exit())).toBeNull();
  });

  it.each(RISK_CHECKS.map((check) => check.code))('H12: %s refuses what it names, and says the figures', (code) => {
    const [changes, intent] = REFUSALS[code];
    const denial = checkRisk(context(changes), intent);
    expect(denial?.code).toBe(code);
    expect(denial?.detail).not.toBe('');
  });

  it('H10: exits that only reduce pass every check of scope entry', () => {
    for (const check of RISK_CHECKS) {
      if (check.scope !== 'entry') continue;
      const [changes] = REFUSALS[check.code];
      expect(checkRisk(context({ ...changes, positionSize: 10 }), exit()), check.code).toBeNull();
    }
  });

  it('H12: a short position counts against the limit on its own side', () => {
    const sell = entry({ side: 'sell', price: 599_999 as Price });
    expect(checkRisk(context({ positionSize: -500, workingSellSize: 495 }), sell)?.code).toBe('POSITION_SIZE_LIMIT');
    expect(checkRisk(context({ positionSize: 500, workingBuySize: 495 }), sell)).toBeNull();
  });
});
