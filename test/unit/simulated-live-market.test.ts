import { describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/time/clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedMarketEvent } from '#simulation/exchange/simulated-exchange.ts';
import { createFramesMarket } from '#simulation/market-sources/frames-market.ts';
import { CLOCK_START, COIN } from '../support/scripted-market.ts';

type Levels = readonly (readonly [string, string])[];

function bytes(value: object): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function diff(first: number, last: number, previous: number, b: Levels, a: Levels): Uint8Array {
  const data = { e: 'depthUpdate', E: 1, T: 1, s: 'COINUSDT', U: first, u: last, pu: previous, b, a };
  return bytes({ stream: 'coinusdt@depth', data });
}

function live(venue: 'binance-usdm' | 'bybit-linear') {
  const broken: string[] = [];
  const source = createFramesMarket({
    venue,
    instruments: [{ ...COIN, venue }],
    startMs: CLOCK_START,
    onBookBroken: (symbol) => broken.push(symbol),
  });
  const exchange = createSimulatedExchange({
    instruments: [{ ...COIN, venue }],
    source,
    clockStart: CLOCK_START,
  });
  const events: SimulatedMarketEvent[] = [];
  exchange.listen({ onMarket: (event) => events.push(event), onAccount: () => undefined });
  const advance = (ms: number): void => exchange.advanceTo((CLOCK_START + ms) as EpochMs);
  return { source, exchange, events, broken, advance };
}

describe('a live Binance market', () => {
  it('holds diffs until the snapshot, then has the book, and passes every frame on', () => {
    const { source, exchange, events, broken, advance } = live('binance-usdm');
    source.push(diff(5, 9, 4, [['99.0', '1.00']], []), 0);
    source.push(diff(11, 15, 9, [['100.0', '2.00']], []), 100);
    advance(100);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({ bids: [], sequence: 0 });
    expect(broken).toEqual(['COINUSDT']);
    source.pushSnapshot(
      'COINUSDT',
      bytes({ lastUpdateId: 12, bids: [['99.5', '3.00']], asks: [['101.0', '1.00']] }),
      150,
    );
    source.push(diff(17, 20, 15, [], [['101.0', '4.00']]), 200);
    advance(200);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [
        [1000, 200],
        [995, 300],
      ],
      asks: [[1010, 400]],
      sequence: 20,
    });
    expect(events.filter((event) => event.kind === 'raw')).toHaveLength(3);
  });

  it('asks for another snapshot when one comes too early, and at every gap', () => {
    const { source, exchange, broken, advance } = live('binance-usdm');
    source.push(diff(11, 15, 9, [['100.0', '2.00']], []), 0);
    source.pushSnapshot('COINUSDT', bytes({ lastUpdateId: 5, bids: [], asks: [] }), 10);
    expect(broken).toHaveLength(2);
    source.pushSnapshot('COINUSDT', bytes({ lastUpdateId: 13, bids: [['99.0', '1.00']], asks: [] }), 20);
    source.push(diff(31, 35, 30, [['100.0', '0']], []), 30);
    expect(broken).toHaveLength(3);
    advance(30);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({
      bids: [
        [1000, 200],
        [990, 100],
      ],
      sequence: 15,
    });
    source.pushSnapshot('COINUSDT', bytes({ lastUpdateId: 33, bids: [['99.0', '1.00']], asks: [] }), 40);
    advance(40);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({ bids: [[990, 100]], sequence: 35 });
    expect(source.stats()).toMatchObject({ frames: 2, gaps: 1 });
  });

  it('has the best quotes as its book until then', () => {
    const { source, exchange, advance } = live('binance-usdm');
    const quote = { e: 'bookTicker', u: 7, s: 'COINUSDT', b: '99.0', B: '1.00', a: '99.5', A: '2.00', T: 1, E: 1 };
    source.push(bytes(quote), 0);
    advance(0);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({ bids: [[990, 100]], asks: [[995, 200]], sequence: 7 });
  });

  it('stays as it was for a frame that cannot be read, and ends when told', () => {
    const { source, events, advance } = live('binance-usdm');
    expect(() => source.push(Buffer.from('{"e":'), 0)).toThrow(/FRAME_SYNTAX/);
    expect(() => source.push(bytes({ e: 'trade', s: 'COINUSDT', t: 1, p: '1.55', q: '1', m: true }), 0)).toThrow(
      /DECIMAL_PRECISION/,
    );
    source.push(bytes({ result: null, id: 1 }), 0);
    source.push(bytes({ e: 'trade', s: 'ELSEUSDT', t: 1, p: '1', q: '1', m: true }), 0);
    source.end();
    source.end();
    advance(10);
    expect(events).toEqual([{ kind: 'end' }]);
    expect(source.stats()).toEqual({ frames: 0, otherSymbols: 1, control: 1, gaps: 0, droppedDiffs: 0 });
  });
});

describe('a live Bybit market', () => {
  it('follows the deepest book, and waits at a gap for the next snapshot', () => {
    const { source, exchange, broken, advance } = live('bybit-linear');
    const book = (depth: number, type: string, u: number, b: Levels, a: Levels): Uint8Array =>
      bytes({ topic: `orderbook.${depth}.COINUSDT`, type, ts: 1, data: { s: 'COINUSDT', b, a, u, seq: u }, cts: 1 });
    source.push(book(50, 'snapshot', 7, [['99.0', '1.00']], [['101.0', '1.00']]), 0);
    source.push(book(1, 'snapshot', 99, [['99.5', '1.00']], [['100.0', '1.00']]), 1);
    source.push(book(50, 'delta', 8, [['99.0', '2.00']], []), 2);
    source.push(book(50, 'delta', 10, [['99.0', '3.00']], []), 3);
    advance(3);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({ bids: [[990, 200]], asks: [[1010, 100]], sequence: 8 });
    expect(broken).toEqual(['COINUSDT']);
    source.push(book(50, 'snapshot', 12, [['98.5', '4.00']], [['101.0', '1.00']]), 4);
    advance(4);
    expect(exchange.book('COINUSDT', 5)).toMatchObject({ bids: [[985, 400]], sequence: 12 });
  });
});
