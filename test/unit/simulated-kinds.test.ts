import { describe, expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import { COIN, createExchangeBench, price, size } from '../support/scripted-market.ts';

const SPOT: Instrument = { ...COIN, kind: 'spot' };
const EQUITY: Instrument = {
  ...COIN,
  kind: 'equity',
  symbol: 'ACME',
  baseCurrency: 'ACME',
  quoteCurrency: 'USD',
  settlementCurrency: 'USD',
};
/** One unit of size is 0.01 USD. */
const INVERSE: Instrument = {
  ...COIN,
  kind: 'inverse',
  symbol: 'COIN-PERPETUAL',
  quoteCurrency: 'USD',
  settlementCurrency: 'COIN',
};
const FEES = { maker: '0.001', taker: '0.002' };

function walletsOf(bench: ReturnType<typeof createExchangeBench>): Record<string, string> {
  return Object.fromEntries(bench.exchange.balances('me').map((each) => [each.currency, each.walletBalance]));
}

function availableOf(bench: ReturnType<typeof createExchangeBench>): Record<string, string> {
  return Object.fromEntries(bench.exchange.balances('me').map((each) => [each.currency, each.availableBalance]));
}

describe('a spot account', () => {
  const bench = (balances: Record<string, string>) => {
    const made = createExchangeBench({ instrument: SPOT, fees: FEES, balances });
    made.book({
      bids: [[price(995), 1_000]],
      asks: [
        [price(1_000), 500],
        [price(1_005), 500],
      ],
    });
    return made;
  };

  it('exchanges base and quote, and keeps the fee back from what it receives', () => {
    const spot = bench({ USDT: '2000', COIN: '1' });
    spot.accept({ side: 'buy', price: price(1_000), size: size(200) });
    expect(walletsOf(spot)).toEqual({ USDT: '1800', COIN: '2.996' });
    spot.accept({ side: 'sell', price: price(995), size: size(100) });
    expect(walletsOf(spot)).toEqual({ USDT: '1899.301', COIN: '1.996' });
    expect(spot.exchange.fills('me', null).map((fill) => [fill.fee, fill.feeCurrency])).toEqual([
      ['0.004', 'COIN'],
      ['0.199', 'USDT'],
    ]);
    expect(spot.exchange.positions('me')).toEqual([]);
    expect(spot.account.some((event) => event.kind === 'position')).toBe(false);
  });

  it('locks what working orders give away, and refuses what it cannot pay', () => {
    const spot = bench({ USDT: '150', COIN: '2' });
    const buy = spot.accept({ side: 'buy', price: price(900), size: size(100) });
    spot.accept({ side: 'sell', price: price(1_200), size: size(150) });
    expect(availableOf(spot)).toEqual({ USDT: '60', COIN: '0.5' });
    expect(walletsOf(spot)).toEqual({ USDT: '150', COIN: '2' });
    expect(spot.place({ side: 'buy', price: price(900), size: size(70) })).toEqual({
      kind: 'refused',
      reason: 'insufficientMargin',
    });
    expect(spot.place({ side: 'sell', type: 'market', timeInForce: 'ioc', size: size(60) })).toEqual({
      kind: 'refused',
      reason: 'insufficientMargin',
    });
    spot.exchange.cancel('me', { orderId: buy.orderId, clientOrderId: null });
    expect(availableOf(spot)).toEqual({ USDT: '150', COIN: '0.5' });
    spot.accept({ side: 'buy', price: price(900), size: size(70) });
  });

  it('refuses a market buy by what walking the book costs, not by the best price', () => {
    expect(
      bench({ USDT: '1001' }).place({ side: 'buy', type: 'market', timeInForce: 'ioc', size: size(1_000) }),
    ).toEqual({ kind: 'refused', reason: 'insufficientMargin' });
    const enough = bench({ USDT: '1002.5' });
    enough.accept({ side: 'buy', type: 'market', timeInForce: 'ioc', size: size(1_000) });
    expect(walletsOf(enough)).toEqual({ USDT: '0', COIN: '9.98' });
  });

  it('triggers a stop that sells a holding, knows no reduce-only, and pays no funding', () => {
    const spot = bench({ USDT: '0', COIN: '1' });
    expect(spot.place({ side: 'sell', price: price(1_000), size: size(100), reduceOnly: true })).toEqual({
      kind: 'refused',
      reason: 'reduceOnlyRejected',
    });
    spot.ticker({ last: 1_000 });
    const stop = spot.accept({
      side: 'sell',
      type: 'stopMarket',
      timeInForce: 'ioc',
      triggerPrice: price(990),
      size: size(100),
    });
    expect(availableOf(spot).COIN).toBe('1');
    spot.ticker({ last: 985 });
    expect(spot.order(stop.orderId).status).toBe('filled');
    expect(walletsOf(spot)).toEqual({ USDT: '99.301', COIN: '0' });
    spot.at(24 * 3_600_000);
    expect(walletsOf(spot)).toEqual({ USDT: '99.301', COIN: '0' });
    expect(spot.exchange.ticker('COINUSDT').fundingRate).toBe('0');
  });

  it('takes transfers from outside, never below zero', () => {
    const spot = bench({ USDT: '10' });
    spot.exchange.transfer('me', 'COIN', '0.5');
    expect(walletsOf(spot)).toEqual({ USDT: '10', COIN: '0.5' });
    expect(() => spot.exchange.transfer('me', 'COIN', '-0.6')).toThrow(/BALANCE_NEGATIVE/);
  });
});

describe('an inverse contract', () => {
  const bench = (deposit = '10') => {
    const made = createExchangeBench({
      instrument: INVERSE,
      fees: { maker: '0', taker: '0' },
      balances: { COIN: deposit },
    });
    made.book({ bids: [[price(1_000), 1_000_000]], asks: [[price(1_000 + 5), 1_000_000]] });
    return made;
  };

  it('is paid in the base currency: size × (1/entry − 1/exit)', () => {
    const inverse = bench();
    inverse.book({
      asks: [[price(1_000), 0]],
      bids: [
        [price(1_000), 0],
        [price(995), 1_000_000],
      ],
    });
    inverse.book({ asks: [[price(1_000), 1_000_000]] });
    inverse.accept({ side: 'buy', price: price(1_000), size: size(100_000) });
    inverse.book({ isSnapshot: true, bids: [[price(1_250), 1_000_000]], asks: [[price(1_255), 1_000_000]] });
    const [held] = inverse.exchange.positions('me');
    expect(held?.entryPrice).toBe('100');
    inverse.accept({ side: 'sell', type: 'market', timeInForce: 'ioc', size: size(100_000), reduceOnly: true });
    // 1000 USD × (1/100 − 1/125) = 10 − 8.
    expect(walletsOf(inverse)).toEqual({ COIN: '12' });
  });

  it('averages its entry price harmonically', () => {
    const inverse = bench('100');
    inverse.book({
      isSnapshot: true,
      bids: [[price(990), 10]],
      asks: [
        [price(1_000), 50_000],
        [price(1_250), 50_000],
      ],
    });
    inverse.accept({ side: 'buy', price: price(1_250), size: size(100_000) });
    // 500 / 100 + 500 / 125 = 9 COIN for 1000 USD.
    expect(Number(inverse.exchange.positions('me')[0]?.entryPrice)).toBeCloseTo(1_000 / 9, 8);
  });

  it('pays funding and is liquidated in the base currency', () => {
    const inverse = bench('2');
    inverse.ticker({ mark: 1_000, fundingRate: '0.01' });
    inverse.accept({ side: 'sell', price: price(1_000), size: size(100_000) });
    inverse.at(8 * 3_600_000);
    // The short receives 1 % of 1000 USD / 100 = 10 COIN.
    expect(walletsOf(inverse)).toEqual({ COIN: '2.1' });
    const [short] = inverse.exchange.positions('me');
    expect(short?.liquidationPrice).not.toBeNull();
    const limit = Number(short?.liquidationPrice);
    // equity 2.1 + 1000 × (1/p − 1/100) = 0.005 × 1000/p: p = 995 / 7.9.
    expect(limit).toBeCloseTo(995 / 7.9, 1);
    inverse.book({ isSnapshot: true, bids: [[price(1_245), 1_000_000]], asks: [[price(1_250), 1_000_000]] });
    inverse.ticker({ mark: 1_250 });
    expect(inverse.exchange.positions('me')).toHaveLength(1);
    inverse.book({ isSnapshot: true, bids: [[price(1_255), 1_000_000]], asks: [[price(1_260), 1_000_000]] });
    inverse.ticker({ mark: 1_260 });
    expect(inverse.exchange.positions('me')).toEqual([]);
    // 2.1 + 1000 × (1/126 − 1/100) is what is left.
    expect(Number(walletsOf(inverse).COIN)).toBeCloseTo(2.1 + 1_000 * (1 / 126 - 1 / 100), 12);
  });
});

describe('an equity', () => {
  it('is traded without fees and funding, and waits while the market is closed', () => {
    const equity = createExchangeBench({ instrument: EQUITY, balances: { USD: '10000' }, leverage: 2 });
    equity.book({ bids: [[price(995), 1_000]], asks: [[price(1_000), 1_000]] });
    equity.accept({ side: 'buy', price: price(1_000), size: size(100) });
    expect(equity.exchange.balances('me')).toEqual([
      { currency: 'USD', walletBalance: '10000', availableBalance: expect.any(String) },
    ]);
    equity.exchange.setMarketOpen(false);
    expect(equity.exchange.marketOpen()).toBe(false);
    const market = equity.accept({ side: 'sell', type: 'market', timeInForce: 'ioc', size: size(100) });
    const canceled = equity.accept({ side: 'buy', price: price(1_000), size: size(100) });
    equity.trade('sell', price(990), size(500));
    expect([market.status, canceled.status]).toEqual(['open', 'open']);
    equity.exchange.cancel('me', { orderId: canceled.orderId, clientOrderId: null });
    equity.at(24 * 3_600_000);
    expect(equity.exchange.fills('me', null)).toHaveLength(1);
    equity.exchange.setMarketOpen(true);
    expect(equity.order(market.orderId).status).toBe('filled');
    expect(equity.order(canceled.orderId).status).toBe('canceled');
    expect(walletsOf(equity)).toEqual({ USD: '9999.5' });
  });
});

describe('an option', () => {
  it('is listed, and not traded', () => {
    const option = createExchangeBench({ instrument: { ...COIN, kind: 'option', symbol: 'COIN-1-C' } });
    option.book({ bids: [[price(995), 1_000]], asks: [[price(1_000), 1_000]] });
    expect(option.exchange.book('COIN-1-C', 5).asks).toHaveLength(1);
    expect(option.place({ side: 'buy', price: price(1_000), size: size(100) }).kind).toBe('refused');
  });
});
