import { describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import {
  CLOCK_START,
  COIN,
  createExchangeBench,
  createScriptedMarket,
  type ExchangeBench,
  price,
  size,
} from '../support/scripted-market.ts';

/** Price 100.0 / 100.5, maker 0.02 %, taker 0.05 %. Size 1.00 is 100. */
function benchWithBook(options: Parameters<typeof createExchangeBench>[0] = {}): ExchangeBench {
  const bench = createExchangeBench(options);
  bench.book({ bids: [[1000, 100_000]], asks: [[1005, 100_000]] });
  return bench;
}

const market = { type: 'market', timeInForce: 'ioc' } as const;

function walletOf(bench: ExchangeBench): string | undefined {
  return bench.exchange.balances('me')[0]?.walletBalance;
}

describe('profit and fees', () => {
  it('are exact decimals: average cost, fee by liquidity, profit when the position shrinks', () => {
    const bench = benchWithBook({ deposit: '1000' });
    bench.accept({ ...market, size: size(100) });
    bench.book({ asks: [[1010, 100_000]], bids: [[1005, 100_000]] });
    bench.accept({ ...market, size: size(200) });
    // 1 @ 100.5 and 2 @ 101: 302.5 for 3.
    expect(bench.exchange.positions('me')[0]).toMatchObject({ size: 300, entryPrice: '100.833333333' });
    const rest = bench.accept({ side: 'sell', price: price(1020), size: size(100) });
    bench.trade('buy', 1025, 100);
    expect(bench.order(rest.orderId).status).toBe('filled');
    const fills = bench.exchange.fills('me', null);
    expect(fills.map((fill) => [fill.fee, fill.realizedProfit, fill.liquidity])).toEqual([
      ['0.05025', '0', 'taker'],
      ['0.101', '0', 'taker'],
      ['0.0204', '1.16666667', 'maker'],
    ]);
    bench.accept({ ...market, side: 'sell', size: size(200) });
    // What rounding left in the cost comes out with the last lot: 102 + 201 − 302.5.
    expect(bench.exchange.fills('me', null).at(-1)).toMatchObject({ fee: '0.1005', realizedProfit: '-0.66666667' });
    expect(walletOf(bench)).toBe('1000.22785');
    expect(bench.exchange.positions('me')).toEqual([]);
  });

  it('turn with the position: the part beyond flat opens at its own price', () => {
    const bench = benchWithBook({ fees: { maker: '0', taker: '0' } });
    bench.accept({ ...market, size: size(100) });
    bench.accept({ ...market, side: 'sell', size: size(300) });
    expect(bench.exchange.positions('me')[0]).toMatchObject({ size: -200, entryPrice: '100' });
    expect(bench.exchange.fills('me', null).at(-1)?.realizedProfit).toBe('-0.5');
    expect(walletOf(bench)).toBe('999999.5');
  });

  it('pay a maker rebate where the rate is negative', () => {
    const bench = benchWithBook({ fees: { maker: '-0.0001', taker: '0.0005' }, deposit: '1000' });
    bench.accept({ price: price(1000), size: size(100) });
    bench.trade('sell', 995, 100);
    expect(bench.exchange.fills('me', null)[0]?.fee).toBe('-0.01');
    expect(walletOf(bench)).toBe('1000.01');
  });
});

describe('margin', () => {
  it('is bound by positions and by orders that would add to them, over the leverage', () => {
    const bench = benchWithBook({ deposit: '100', fees: { maker: '0', taker: '0' } });
    const available = (): string | undefined => bench.exchange.balances('me')[0]?.availableBalance;
    const entry = bench.accept({ price: price(1000), size: size(500) });
    expect(available()).toBe('50');
    expect(bench.place({ price: price(1000), size: size(510) })).toEqual({
      kind: 'refused',
      reason: 'insufficientMargin',
    });
    bench.exchange.cancel('me', { orderId: entry.orderId, clientOrderId: null });
    expect(available()).toBe('100');
    bench.ticker({ mark: 1000 });
    bench.accept({ ...market, side: 'sell', size: size(500) });
    expect(available()).toBe('50');
    // An order that only closes binds nothing; one that turns the position is judged by what would be open then.
    bench.accept({ price: price(990), size: size(500) });
    expect(available()).toBe('50');
    expect(bench.place({ price: price(1000), size: size(1100) }).kind).toBe('refused');
  });

  it('counts unrealised profit and loss', () => {
    const bench = benchWithBook({ deposit: '100', fees: { maker: '0', taker: '0' } });
    bench.accept({ ...market, size: size(500) });
    bench.ticker({ mark: 1025 });
    expect(bench.exchange.positions('me')[0]?.unrealizedProfit).toBe('10');
    expect(bench.exchange.balances('me')[0]?.availableBalance).toBe('58.75');
  });

  it('refuses an amendment that cannot be borne', () => {
    const bench = benchWithBook({ deposit: '100' });
    const order = bench.accept({ price: price(1000), size: size(500) });
    const target = { orderId: order.orderId, clientOrderId: null };
    expect(bench.exchange.amend('me', target, null, size(1100))).toEqual({
      kind: 'refused',
      reason: 'insufficientMargin',
    });
    expect(bench.exchange.amend('me', target, null, size(900)).kind).toBe('amended');
  });
});

describe('liquidation', () => {
  it('closes all at the market when equity falls below the maintenance margin, and no sooner', () => {
    const bench = benchWithBook({ deposit: '100', fees: { maker: '0', taker: '0' } });
    bench.ticker({ mark: 1005 });
    bench.accept({ ...market, size: size(900) });
    const resting = bench.accept({ side: 'sell', price: price(1300), size: size(10) });
    const liquidationPrice = Number(bench.exchange.positions('me')[0]?.liquidationPrice);
    // 100 + 9 × (P − 100.5) = 0.005 × 9 × P
    expect(liquidationPrice).toBeCloseTo((9 * 100.5 - 100) / (9 * 0.995), 1);
    bench.ticker({ mark: Math.ceil(liquidationPrice * 10) + 1 });
    expect(bench.exchange.positions('me')).toHaveLength(1);
    bench.ticker({ mark: Math.floor(liquidationPrice * 10) - 1 });
    expect(bench.exchange.positions('me')).toEqual([]);
    expect(bench.order(resting.orderId)).toMatchObject({ status: 'canceled', endReason: 'liquidation' });
    expect(bench.exchange.fills('me', null).at(-1)).toMatchObject({
      cause: 'liquidation',
      clientOrderId: null,
      side: 'sell',
      size: 900,
      price: 1000,
    });
    const reasons = bench.account.flatMap((event) =>
      event.kind === 'position' || event.kind === 'balance' ? [`${event.kind} ${event.reason}`] : [],
    );
    expect(reasons.slice(-2)).toEqual(['position liquidation', 'balance liquidation']);
  });

  it('covers the debt that is left, openly', () => {
    const bench = benchWithBook({ deposit: '100', fees: { maker: '0', taker: '0' } });
    bench.ticker({ mark: 1005 });
    bench.accept({ ...market, size: size(900) });
    bench.book({ bids: [[800, 100_000]], asks: [[805, 100_000]], isSnapshot: true });
    bench.ticker({ mark: 800 });
    expect(walletOf(bench)).toBe('0');
    // 9 × (80 − 100.5) = −184.5 against 100.
    expect(bench.account.at(-1)).toMatchObject({ kind: 'balance', reason: 'liquidation', change: '84.5' });
  });

  it('tries again with the next price where there was no liquidity', () => {
    const bench = benchWithBook({ deposit: '100' });
    bench.accept({ ...market, size: size(900) });
    bench.book({ bids: [[1000, 0]] });
    bench.ticker({ mark: 800 });
    expect(bench.exchange.positions('me')[0]?.size).toBe(900);
    bench.book({ bids: [[790, 100_000]], asks: [[795, 100_000]], isSnapshot: true });
    bench.ticker({ mark: 790 });
    expect(bench.exchange.positions('me')).toEqual([]);
  });
});

describe('funding', () => {
  it('is paid by longs and received by shorts at its time, on the value at the mark price', () => {
    const bench = benchWithBook({ deposit: '1000', fees: { maker: '0', taker: '0' } });
    bench.ticker({ mark: 1000, fundingRate: '0.0001' });
    bench.accept({ ...market, size: size(500) });
    bench.accept({ ...market, side: 'sell', size: size(200) }, 'other');
    const due = bench.exchange.ticker('COINUSDT').nextFundingTime;
    expect(due).toBe(CLOCK_START + 8 * 3_600_000);
    bench.at(due - CLOCK_START - 1);
    expect(walletOf(bench)).toBe('1000');
    bench.account.length = 0;
    bench.at(due - CLOCK_START);
    expect(walletOf(bench)).toBe('999.95');
    expect(bench.exchange.balances('other')[0]?.walletBalance).toBe('1000.02');
    expect(bench.account.map((event) => [event.kind, event.kind === 'balance' ? event.change : ''])).toEqual([
      ['position', ''],
      ['balance', '-0.05'],
      ['position', ''],
      ['balance', '0.02'],
    ]);
    expect(bench.exchange.ticker('COINUSDT').nextFundingTime).toBe(due + 8 * 3_600_000);
  });

  it('is paid once for each time that has passed', () => {
    const bench = benchWithBook({ deposit: '1000', fees: { maker: '0', taker: '0' } });
    bench.ticker({ mark: 1000, fundingRate: '-0.0001' });
    bench.accept({ ...market, size: size(500) });
    bench.at(24 * 3_600_000);
    expect(walletOf(bench)).toBe('1000.15');
  });
});

describe('accounts', () => {
  it('are opened once, with a whole leverage and decimal balances', () => {
    const { exchange } = createExchangeBench();
    const open = (id: string, amount: string, leverage: number) => () =>
      exchange.openAccount(id, new Map([['USDT', amount]]), leverage);
    expect(open('me', '1', 1)).toThrow(/ACCOUNT_EXISTS/);
    expect(open('a', '1', 2.5)).toThrow(/LEVERAGE_RANGE/);
    expect(open('b', '1e5', 1)).toThrow(/DECIMAL_SYNTAX/);
    expect(() => exchange.balances('nobody')).toThrow(/ACCOUNT_UNKNOWN/);
    expect(() => exchange.book('OTHER', 1)).toThrow(/SYMBOL_UNKNOWN/);
  });

  it('tell their deposits', () => {
    const { source } = createScriptedMarket();
    const exchange = createSimulatedExchange({ instruments: [COIN], source, clockStart: 0 as EpochMs });
    const seen: unknown[] = [];
    exchange.listen({ onMarket: () => undefined, onAccount: (event) => seen.push(event) });
    exchange.openAccount('me', new Map([['USDT', '1000.50']]), 5);
    expect(seen).toMatchObject([
      { kind: 'balance', reason: 'deposit', change: '1000.5', balance: { walletBalance: '1000.5' } },
    ]);
  });

  it('are only served for whole multipliers, of spot 1, each symbol once', () => {
    const { source } = createScriptedMarket();
    const make = (instruments: (typeof COIN)[]) => () =>
      createSimulatedExchange({ instruments, source, clockStart: 0 as EpochMs });
    expect(make([{ ...COIN, multiplier: 0.5 }])).toThrow(/INSTRUMENT_KIND/);
    expect(make([{ ...COIN, kind: 'spot', multiplier: 10 }])).toThrow(/INSTRUMENT_KIND/);
    expect(make([COIN, COIN])).toThrow(/INSTRUMENT_DUPLICATE/);
  });
});
