import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { UnitAllotment } from '#core/risk/allotment.ts';
import { checkRisk, type DenialCode, RISK_CHECKS, type RiskContext } from '#core/risk/checks.ts';
import type { UnitFigures } from '#core/risk/risk-context.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

const SPOT: Instrument = { ...BTC, kind: 'spot' };

const QUIET = { consecutiveLosses: null, errorRate: null, rejectRate: null, latency: null, reconciliation: null };

/** Figures of a unit that has room in every budget. */
function unit(changes: Partial<UnitFigures> = {}, allotment: Partial<UnitAllotment> = {}): { unit: UnitFigures } {
  const figures: UnitFigures = {
    allotment: {
      maxExposure: 1_000,
      maxDailyLoss: 100,
      maxDrawdown: 50,
      maxOpenOrders: 4,
      maxOrderRate: 10,
      symbolExposure: new Map([['BTCUSDT', 800]]),
      ...allotment,
    },
    maxConcentration: 0.7,
    reportingCurrency: 'USD',
    unpriced: 0,
    exposureAfter: 700,
    laneExposureAfter: 700,
    profit: -99.99,
    drawdown: 49.99,
    openOrders: 3,
    orderTokens: 1,
    available: 500,
    marginNeeded: 500,
    ...changes,
  };
  return { unit: figures };
}

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
    marketClosed: null,
    breakers: { ...QUIET },
    drawdown: 0,
    unit: null,
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
  MARKET_CLOSED: [{ marketClosed: 'opens=2026-06-15T13:30:00.000Z' }, entry()],
  BREAKER_LOSSES: [{ ...unit(), breakers: { ...QUIET, consecutiveLosses: 'bad=3 of=3' } }, entry()],
  BREAKER_RECONCILIATION: [{ ...unit(), breakers: { ...QUIET, reconciliation: 'bad=1 of=1' } }, entry()],
  BREAKER_ERRORS: [{ ...unit(), breakers: { ...QUIET, errorRate: 'bad=5 of=20' } }, entry()],
  BREAKER_REJECTS: [{ ...unit(), breakers: { ...QUIET, rejectRate: 'bad=5 of=20' } }, entry()],
  BREAKER_LATENCY: [{ ...unit(), breakers: { ...QUIET, latency: 'bad=5 of=20' } }, entry()],
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
  DRAWDOWN_LIMIT: [{ drawdown: 20, limits: { ...laneConfiguration().limits, maxDrawdown: 20 } }, entry()],
  EXPOSURE_UNPRICED: [unit({ unpriced: 1 }), entry()],
  UNIT_EXPOSURE_LIMIT: [unit({ exposureAfter: 1_000.01 }), entry()],
  SYMBOL_EXPOSURE_LIMIT: [unit({ laneExposureAfter: 800.01 }), entry()],
  CONCENTRATION_LIMIT: [unit({ laneExposureAfter: 700.01 }), entry()],
  UNIT_DAILY_LOSS_LIMIT: [unit({ profit: -100 }), entry()],
  UNIT_DRAWDOWN_LIMIT: [unit({ drawdown: 50 }), entry()],
  UNIT_OPEN_ORDERS_LIMIT: [unit({ openOrders: 4 }), entry()],
  UNIT_ORDER_RATE_LIMIT: [unit({ orderTokens: 0.9 }), entry()],
  MARGIN_INSUFFICIENT: [unit({ marginNeeded: 500.01 }), entry()],
  OPEN_ORDERS_LIMIT: [{ openOrders: 5 }, entry()],
  ORDER_RATE_LIMIT: [{ orderTokens: 0.5 }, entry()],
  ENTRY_FILTERED: [{ entryFilter: 'model=1 logit=-1 threshold=0' }, entry()],
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

  it('H12: a unit within all its parts of budgets passes, and one without budgets whatever it holds', () => {
    expect(checkRisk(context(unit()), entry())).toBeNull();
    const nothing = Number.POSITIVE_INFINITY;
    const free = unit(
      {
        exposureAfter: Number.NaN,
        laneExposureAfter: Number.NaN,
        unpriced: 2,
        profit: -1e9,
        drawdown: 1e9,
        available: null,
      },
      {
        maxExposure: nothing,
        maxDailyLoss: nothing,
        maxDrawdown: nothing,
        maxOpenOrders: nothing,
        symbolExposure: new Map(),
      },
    );
    expect(checkRisk(context(free), entry())).toBeNull();
  });

  it('H12: exposure that cannot be valued exceeds every budget', () => {
    const blind = unit({ exposureAfter: Number.NaN, laneExposureAfter: Number.NaN });
    expect(checkRisk(context(blind), entry())?.code).toBe('UNIT_EXPOSURE_LIMIT');
  });

  it('H12: a short position counts against the limit on its own side', () => {
    const sell = entry({ side: 'sell', price: 599_999 as Price });
    expect(checkRisk(context({ positionSize: -500, workingSellSize: 495 }), sell)?.code).toBe('POSITION_SIZE_LIMIT');
    expect(checkRisk(context({ positionSize: 500, workingBuySize: 495 }), sell)).toBeNull();
  });
});
