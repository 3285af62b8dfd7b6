import { describe, expect, test } from 'vitest';
import type { BookMessage } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { BinanceSpotBookSync } from '#venues/binance-spot/book-sync.ts';

const message = (isSnapshot: boolean, first: number, last: number, price: string, size = '1'): BookMessage => ({
  type: 'book',
  symbol: 'BTCUSDT',
  isSnapshot,
  bids: [[price, size]],
  asks: isSnapshot ? [['200', '1']] : [],
  firstSequence: first,
  lastSequence: last,
  previousSequence: null,
  exchangeTime: 1 as EpochMs,
});
const diff = (first: number, last: number, price = '100', size = '1') => message(false, first, last, price, size);
const snapshot = (last: number) => message(true, last, last, '99');

function opened() {
  const sync = new BinanceSpotBookSync('BTCUSDT', { priceScale: 2, sizeScale: 8 });
  return { sync, told: (...messages: BookMessage[]) => messages.map((each) => sync.onMessage(each).kind) };
}

describe('book of spot', () => {
  test('the first diff asks for a snapshot; what the snapshot holds is dropped, the next joins it', () => {
    const { sync, told } = opened();
    expect(told(diff(1, 4), diff(5, 8), diff(9, 12), snapshot(8))).toEqual([
      'resync',
      'buffered',
      'buffered',
      'applied',
    ]);
    expect([sync.book.valid, sync.book.sequence]).toEqual([true, 12]);
  });

  test.each([
    ['begins at it', [diff(8, 12)], true],
    ['begins right after it', [diff(9, 12)], true],
    ['ends at it', [diff(5, 8)], true],
    ['begins later', [diff(10, 12)], false],
  ])('a snapshot of 8 and a stream that %s', (_what, diffs, joins) => {
    const { sync, told } = opened();
    told(...diffs);
    const outcome = sync.onMessage(snapshot(8));
    expect(outcome.kind).toBe(joins ? 'applied' : 'resync');
    expect(sync.book.valid).toBe(joins);
  });

  test('F28: a hole in the numbers loses the book with one wish for a snapshot, and a newer one mends it', () => {
    const { sync, told } = opened();
    told(diff(1, 9), snapshot(8));
    expect(sync.onMessage(diff(11, 12))).toEqual({
      kind: 'resync',
      need: 'restSnapshot',
      reason: 'gap: U=11 after u=9',
    });
    expect(sync.book.valid).toBe(false);
    expect(told(diff(13, 14), snapshot(12))).toEqual(['buffered', 'applied']);
    expect([sync.book.valid, sync.book.sequence]).toEqual([true, 14]);
  });

  test('a repeated diff is nothing; one that reaches back is applied whole', () => {
    const { sync, told } = opened();
    told(diff(1, 9), snapshot(8));
    expect(told(diff(5, 9), diff(8, 11, '101', '3'))).toEqual(['ignored', 'applied']);
    expect([sync.book.sequence, sync.book.bidPrice]).toEqual([11, 10_100]);
  });

  test('a snapshot alone is not valid: the stream must have spoken', () => {
    const { sync, told } = opened();
    expect(told(snapshot(8))).toEqual(['buffered']);
    expect(sync.book.valid).toBe(false);
    expect(told(diff(9, 10))).toEqual(['applied']);
    expect(sync.book.valid).toBe(true);
  });

  test('a snapshot older than the buffer is refused, and the next one taken', () => {
    const { sync, told } = opened();
    told(diff(10, 12));
    expect(sync.onMessage(snapshot(1))).toMatchObject({ kind: 'resync', reason: expect.stringContaining('older') });
    expect(told(snapshot(11))).toEqual(['applied']);
    expect(sync.book.sequence).toBe(12);
  });
});
