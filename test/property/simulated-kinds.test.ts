import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExact } from '#core/ledger/exact-decimal.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { COIN, createExchangeBench, type ExchangeBench, price, size } from '../support/scripted-market.ts';

const ACCOUNTS = ['me', 'other'] as const;
const FEES = { maker: '0.0007', taker: '0.0013' };

interface Action {
  readonly account: (typeof ACCOUNTS)[number];
  readonly side: Side;
  readonly type: 'limit' | 'market' | 'stopMarket';
  readonly ticks: number;
  readonly lots: number;
  readonly cancels: number | null;
  readonly open: boolean;
}

const actions = fc.array(
  fc.record<Action>({
    account: fc.constantFrom(...ACCOUNTS),
    side: fc.constantFrom<Side>('buy', 'sell'),
    type: fc.constantFrom('limit', 'limit', 'limit', 'market', 'stopMarket'),
    ticks: fc.integer({ min: -4, max: 4 }),
    lots: fc.integer({ min: 1, max: 40 }),
    cancels: fc.option(fc.nat(9), { freq: 4 }),
    open: fc.boolean(),
  }),
  { minLength: 5, maxLength: 50, size: 'max' },
);

const priceAt = (ticks: number) => price(1_000 + ticks * 5);

/** Only the two accounts trade: nothing comes from outside, so that all money must be found with them. */
function play(bench: ExchangeBench, played: readonly Action[], check: () => void): void {
  bench.ticker({ mark: 1_000, last: 1_000 });
  for (const each of played) {
    if (each.cancels !== null) {
      const open = bench.exchange.openOrders(each.account, null);
      const orderId = open[each.cancels % Math.max(1, open.length)]?.orderId ?? '0';
      bench.exchange.cancel(each.account, { orderId, clientOrderId: null });
    }
    bench.exchange.setMarketOpen(each.open);
    bench.place(
      {
        side: each.side,
        type: each.type,
        timeInForce: each.type === 'limit' ? 'gtc' : 'ioc',
        price: each.type === 'limit' ? priceAt(each.ticks) : null,
        triggerPrice: each.type === 'stopMarket' ? priceAt(each.ticks) : null,
        size: size(each.lots * 10),
      },
      each.account,
    );
    check();
  }
}

function feesOf(bench: ExchangeBench, currency: string): bigint {
  let paid = 0n;
  for (const account of ACCOUNTS) {
    for (const fill of bench.exchange.fills(account, null)) {
      if (fill.feeCurrency === currency) paid += parseExact(fill.fee);
    }
  }
  return paid;
}

function walletOf(bench: ExchangeBench, account: string, currency: string): bigint {
  const found = bench.exchange.balances(account).find((each) => each.currency === currency);
  return found === undefined ? 0n : parseExact(found.walletBalance);
}

describe('money on the simulated exchange', () => {
  it('spot: both assets are only moved between accounts and into fees, and never fall below what orders lock', () => {
    const instrument: Instrument = { ...COIN, kind: 'spot' };
    fc.assert(
      fc.property(actions, (played) => {
        const bench = createExchangeBench({ instrument, fees: FEES, balances: { USDT: '300', COIN: '3' } });
        play(bench, played, () => {
          for (const [currency, deposit] of [
            ['USDT', '600'],
            ['COIN', '6'],
          ] as const) {
            const held = walletOf(bench, 'me', currency) + walletOf(bench, 'other', currency);
            expect(held + feesOf(bench, currency)).toBe(parseExact(deposit));
          }
          for (const account of ACCOUNTS) {
            for (const balance of bench.exchange.balances(account)) {
              const locked = bench.exchange
                .openOrders(account, null)
                .filter((order) => order.status !== 'untriggered')
                .filter((order) => (order.side === 'sell') === (balance.currency === 'COIN'))
                .reduce((sum, order) => {
                  const left = BigInt(order.size - order.cumulativeSize) * 10n ** 16n;
                  return sum + (order.side === 'sell' ? left : (left * BigInt(order.price ?? 0)) / 10n);
                }, 0n);
              if (bench.exchange.marketOpen()) {
                expect(parseExact(balance.walletBalance)).toBeGreaterThanOrEqual(locked);
                expect(parseExact(balance.availableBalance)).toBe(parseExact(balance.walletBalance) - locked);
              }
            }
          }
        });
      }),
      { numRuns: 150 },
    );
  });

  it.each(['inverse', 'equity', 'linear'] as const)(
    '%s: what one account wins the other loses, but for fees',
    (kind) => {
      const instrument: Instrument = {
        ...COIN,
        kind,
        settlementCurrency: kind === 'inverse' ? 'COIN' : 'USDT',
      };
      const currency = instrument.settlementCurrency;
      fc.assert(
        fc.property(actions, (played) => {
          const bench = createExchangeBench({
            instrument,
            fees: FEES,
            balances: { [currency]: '1000000' },
            leverage: 20,
            settings: { unfundedSymbols: [instrument.symbol] },
          });
          play(bench, played, () => {
            let worth = feesOf(bench, currency);
            let size = 0;
            for (const account of ACCOUNTS) {
              const [position] = bench.exchange.positions(account);
              worth += walletOf(bench, account, currency) + parseExact(position?.unrealizedProfit ?? '0');
              size += position?.size ?? 0;
            }
            expect(size).toBe(0);
            expect(worth).toBe(parseExact('2000000'));
          });
        }),
        { numRuns: 100 },
      );
    },
  );
});
