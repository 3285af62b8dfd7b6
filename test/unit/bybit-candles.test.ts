import { describe, expect, it } from 'vitest';
import type { CandleMessage } from '#core/market/market-message.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createCandleTopic } from '#simulation/protocol/bybit-candles.ts';
import { bybitLinear } from '#venues/bybit-linear/venue.ts';
import { createReader } from '../support/decoding.ts';
import { LINEAR_BTC } from '../support/scripted-exchange.ts';

const MINUTE = 28_000_000 * 60_000;

/** A topic whose frames our own client reads. */
function open(lastPrice = 0) {
  const read = createReader(bybitLinear.marketData);
  const told: CandleMessage[] = [];
  const topic = createCandleTopic({
    topic: 'kline.1.BTCUSDT',
    instrument: LINEAR_BTC,
    lastPrice: () => lastPrice,
    now: () => MINUTE,
    send: (frame) => {
      for (const message of read(frame)) if (message.type === 'candle') told.push(message);
    },
  });
  const trade = (at: number, price: number, size: number): void =>
    topic.onTrade({
      kind: 'trade',
      symbol: 'BTCUSDT',
      tradeId: '1',
      price: price as Price,
      size: size as Size,
      takerSide: 'buy',
      time: (MINUTE + at) as EpochMs,
    });
  return { topic, told, trade, pass: (at: number) => topic.onTime(MINUTE + at) };
}

describe('one-minute candles of the simulated Bybit', () => {
  it('hold the trades of their minute, are told at most once a second, and once more when they are final', () => {
    const { told, trade, pass } = open();
    trade(100, 10_000, 3);
    trade(200, 10_050, 2);
    trade(1_300, 9_990, 1);
    pass(61_000);
    const candle = { symbol: 'BTCUSDT', intervalMs: 60_000, openTime: MINUTE, open: '100' };
    expect(told).toMatchObject([
      { ...candle, high: '100', low: '100', close: '100', volume: '0.003', closed: false },
      { ...candle, high: '100.5', low: '99.9', close: '99.9', volume: '0.006', closed: false },
      { ...candle, high: '100.5', low: '99.9', close: '99.9', volume: '0.006', closed: true },
    ]);
  });

  it('go on without trades, from the last price, and begin with the first price that is known', () => {
    const quiet = open();
    quiet.pass(100);
    expect(quiet.told).toEqual([]);
    const known = open(10_000);
    known.pass(100);
    known.pass(60_050);
    known.pass(61_200);
    expect(known.told).toMatchObject([
      { openTime: MINUTE, close: '100', volume: '0', closed: false },
      { openTime: MINUTE, close: '100', volume: '0', closed: true },
      { openTime: MINUTE + 60_000, open: '100', volume: '0', closed: false },
    ]);
  });
});
