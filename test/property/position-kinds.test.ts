import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import type { LedgerFill } from '#core/ledger/ledger-entry.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled, type Price, parseScaled, type Size } from '#core/market/scaled-decimal.ts';
import type { FillReport } from '#core/orders/order.ts';
import { termsOfFill } from '#core/positions/fill-terms.ts';
import { Position } from '#core/positions/position.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BTC } from '../support/lane-world.ts';
import { COIN, createExchangeBench, price, size } from '../support/scripted-market.ts';

const INVERSE: Instrument = { ...BTC, kind: 'inverse', sizeScale: 0, settlementCurrency: 'BTC', quoteCurrency: 'USD' };
const SPOT: Instrument = { ...BTC, kind: 'spot' };

interface Trade {
  readonly side: 'buy' | 'sell';
  readonly price: number;
  readonly size: number;
}

const trades = fc.array(
  fc.record<Trade>({
    side: fc.constantFrom('buy' as const, 'sell' as const),
    price: fc.integer({ min: 100_000, max: 1_000_000 }),
    size: fc.integer({ min: 1, max: 100_000 }),
  }),
  { minLength: 1, maxLength: 40, size: 'max' },
);

function signed(trade: Trade): number {
  return trade.side === 'buy' ? trade.size : -trade.size;
}

function positionOf(instrument: Instrument, all: readonly Trade[]): Position {
  const position = new Position(instrument);
  for (const each of all) position.fill(each.side, each.price as Price, each.size as Size);
  return position;
}

/** As the ledger holds it. */
function ledgerFill(instrument: Instrument, each: Trade, index: number, fee = '0', feeCurrency = 'USDT'): LedgerFill {
  const report: FillReport = {
    kind: 'fill',
    source: 'accountStream',
    symbol: instrument.symbol,
    fillId: String(index + 1),
    clientOrderId: null,
    venueOrderId: 'v',
    side: each.side,
    price: formatScaled(each.price, instrument.priceScale),
    size: formatScaled(each.size, instrument.sizeScale),
    fee,
    feeCurrency,
    liquidity: 'taker',
    cause: 'trade',
    venueTime: index as EpochMs,
  };
  const { kind: _kind, source: _source, ...body } = report;
  return { ...body, ...termsOfFill(instrument, report), venue: instrument.venue, epoch: 1, time: index };
}

describe('a position of an inverse contract', () => {
  it('S5: brings in the base currency what its fills moved of it, and what is held at the price', () => {
    fc.assert(
      fc.property(trades, fc.integer({ min: 100_000, max: 1_000_000 }), (all, mark) => {
        const position = positionOf(INVERSE, all);
        // Bought contracts cost size / price of the base currency less: Σ size × (1/entry − 1/exit).
        const flows = all.reduce((sum, each) => sum + (signed(each) * 10) / each.price, 0);
        const held = all.reduce((sum, each) => sum + signed(each), 0);
        const total = flows - (held * 10) / mark;
        expect(position.size).toBe(held);
        expect(position.realizedProfit + position.unrealizedProfit(mark)).toBeCloseTo(total, 9);
      }),
    );
  });

  it('S5: comes out the same whatever the order of partial fills that open it, at their harmonic mean', () => {
    const opening = fc.array(
      fc.record({ price: fc.integer({ min: 100_000, max: 900_000 }), size: fc.integer({ min: 1, max: 5_000 }) }),
      { minLength: 1, maxLength: 10, size: 'max' },
    );
    fc.assert(
      fc.property(opening, (parts) => {
        const buys = parts.map((each): Trade => ({ ...each, side: 'buy' }));
        const forwards = positionOf(INVERSE, buys);
        const backwards = positionOf(INVERSE, buys.toReversed());
        const size = parts.reduce((sum, each) => sum + each.size, 0);
        const harmonic = size / parts.reduce((sum, each) => sum + each.size / each.price, 0);
        expect(forwards.entryPrice).toBeCloseTo(harmonic, 5);
        expect(backwards.entryPrice).toBe(forwards.entryPrice);
        expect(forwards.unrealizedProfit(500_000)).toBe(backwards.unrealizedProfit(500_000));
      }),
    );
  });

  it('S5: takes over a difference at cost, without profit or loss', () => {
    fc.assert(
      fc.property(trades, fc.integer({ min: -5_000, max: 5_000 }), (all, delta) => {
        const position = positionOf(INVERSE, all);
        const before = { size: position.size, realized: position.realizedProfit, entry: position.entryPrice };
        position.adopt(delta, null, 500_000 as Price);
        expect(position.size).toBe(before.size + delta);
        expect(position.realizedProfit).toBe(before.realized);
        if (before.size !== 0 && Math.sign(position.size) === Math.sign(before.size)) {
          expect(position.entryPrice).toBeCloseTo(before.entry, 4);
        }
      }),
    );
  });

  it('S5: is what the ledger folds from the same fills', () => {
    fc.assert(
      fc.property(trades, (all) => {
        const position = positionOf(INVERSE, all);
        const folded = foldPosition(
          'binance-usdm',
          INVERSE.symbol,
          all.map((each, index) => ledgerFill(INVERSE, each, index)),
          [],
        );
        expect(folded.size).toBe(position.text);
        expect(Number(folded.realizedProfit)).toBeCloseTo(position.realizedProfit, 12);
        expect(Number(folded.entryPrice) * 10).toBeCloseTo(position.entryPrice, 6);
      }),
    );
  });

  it('S5: 1000 USD bought at 50000 and sold at 62500 bring 0.004 BTC; without the contract told, fills fold as linear', () => {
    const all: Trade[] = [
      { side: 'buy', price: 500_000, size: 1_000 },
      { side: 'sell', price: 625_000, size: 1_000 },
    ];
    const fills = all.map((each, index) => ledgerFill(INVERSE, each, index));
    expect(foldPosition('binance-usdm', 'BTCUSDT', fills, []).realizedProfit).toBe('0.004');
    const untold = fills.map(({ contract: _contract, ...rest }) => rest);
    expect(foldPosition('binance-usdm', 'BTCUSDT', untold, []).realizedProfit).toBe('12500000');
  });
});

describe('a spot holding', () => {
  it('S5: a round trip brings the cash that came back, fees in both assets included', () => {
    const feeRate = fc.integer({ min: 0, max: 50 });
    fc.assert(
      fc.property(fc.array(fc.tuple(trades, feeRate), { maxLength: 4 }), (rounds) => {
        const position = new Position(SPOT);
        let cash = 0n;
        let fees = 0n;
        let held = 0n;
        for (const [bought, rate] of rounds) {
          for (const each of bought) {
            const units = position.unitsOfSize(each.size);
            const kept = (units * BigInt(rate)) / 10_000n;
            position.fill('buy', each.price as Price, each.size as Size, kept);
            cash -= BigInt(each.price) * units;
            fees += kept * BigInt(each.price);
            held += units - kept;
          }
          expect(position.units).toBe(held);
          const sold = position.size;
          if (sold === 0) continue;
          const fee = (position.unitsOfSize(sold) * BigInt(rate) * 600_000n) / 10_000n;
          position.fill('sell', 600_000 as Price, sold as Size);
          cash += 600_000n * position.unitsOfSize(sold) - fee;
          fees += fee;
          held -= position.unitsOfSize(sold);
        }
        const total = Number(cash + 600_000n * held) / 1e19;
        const told = position.realizedProfit + position.unrealizedProfit(600_000) - Number(fees) / 1e19;
        expect(Math.abs(told - total)).toBeLessThan(
          1e-9 * Math.max(1, Math.abs(Number(fees) / 1e19), Math.abs(total)) + 1e-6,
        );
      }),
    );
  });

  it('S18: engine, ledger and exchange agree to the last digit after any trading with fees in base and quote', () => {
    const instrument: Instrument = { ...COIN, kind: 'spot' };
    const order = fc.record({
      side: fc.constantFrom('buy' as const, 'sell' as const),
      maker: fc.boolean(),
      ticks: fc.integer({ min: -3, max: 3 }),
      lots: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(order, { maxLength: 40, size: 'max' }), (orders) => {
        const bench = createExchangeBench({
          instrument,
          fees: { maker: '0.000377', taker: '0.00113' },
          balances: { USDT: '100000', COIN: '0' },
        });
        const position = new Position(instrument);
        for (const each of orders) {
          bench.book({
            isSnapshot: true,
            bids: [
              [995, 200],
              [990, 900],
            ],
            asks: [
              [1_000, 200],
              [1_005, 900],
            ],
          });
          const at = price(1_000 + each.ticks * 5);
          bench.place({
            side: each.side,
            price: at,
            size: size(each.lots * 10),
            timeInForce: each.maker ? 'gtc' : 'ioc',
          });
          bench.trade(each.side === 'buy' ? 'sell' : 'buy', at, 500);
        }
        const fills: LedgerFill[] = [];
        for (const [index, fill] of bench.exchange.fills('me', null).entries()) {
          const told = ledgerFill(instrument, fill, index, fill.fee, fill.feeCurrency);
          fills.push(told);
          position.fill(
            fill.side,
            parseScaled(told.price, instrument.priceScale) as Price,
            parseScaled(told.size, instrument.sizeScale) as Size,
            position.unitsOf(told.positionFee ?? '0'),
          );
        }
        const held = bench.exchange.balances('me').find((balance) => balance.currency === 'COIN')?.walletBalance ?? '0';
        expect(position.text).toBe(formatExact(parseExact(held)));
        const folded = foldPosition(instrument.venue, instrument.symbol, fills, []);
        expect(folded.size).toBe(position.text);
        expect(Number(folded.realizedProfit)).toBeCloseTo(position.realizedProfit, 9);
        // What is held and what was realised, less all fees at their worth, is the money that is missing or more.
        const cash = bench.exchange.balances('me').find((balance) => balance.currency === 'USDT')?.walletBalance ?? '0';
        const fees = fills.reduce((sum, fill) => sum + parseExact(fill.settlementFee ?? '0'), 0n);
        const worth = position.realizedProfit + position.unrealizedProfit(1_000) - Number(formatExact(fees));
        const gained = Number(cash) - 100_000 + Number(held) * 100;
        expect(worth).toBeCloseTo(gained, 6);
      }),
      { numRuns: 80 },
    );
  });
});
