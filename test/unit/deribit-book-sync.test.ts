import { describe, expect, it } from 'vitest';
import type { BookMessage, LevelText } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { DeribitBookSync } from '#venues/deribit/book-sync.ts';
import { bookTexts } from '../support/book-digest.ts';

const SCALES = { priceScale: 1, sizeScale: 0 };

function message(
  changeId: number,
  previous: number | null,
  bids: readonly LevelText[] = [],
  asks: readonly LevelText[] = [],
): BookMessage {
  return {
    type: 'book',
    symbol: 'BTC-PERPETUAL',
    isSnapshot: previous === null,
    bids,
    asks,
    firstSequence: changeId,
    lastSequence: changeId,
    previousSequence: previous,
    exchangeTime: 1_700_000_000_000 as EpochMs,
  };
}

function synced(): DeribitBookSync {
  const sync = new DeribitBookSync('BTC-PERPETUAL', SCALES);
  sync.onMessage(message(10, null, [['100', '30']], [['100.5', '20']]));
  return sync;
}

describe('Deribit book', () => {
  it('begins with a snapshot and follows changes that each name the one before', () => {
    const sync = synced();
    expect(
      sync.onMessage(
        message(25, 10, [
          ['100', '0'],
          ['99.5', '10'],
        ]),
      ).kind,
    ).toBe('applied');
    expect(sync.onMessage(message(26, 25, [], [['101', '70']])).kind).toBe('applied');
    expect(bookTexts(sync.book, SCALES)).toEqual({ bids: ['99.5:10'], asks: ['100.5:20', '101:70'] });
    expect(sync.book.sequence).toBe(26);
  });

  it('F28: a hole asks for one resubscription, and the book is not quoted until the snapshot', () => {
    const sync = synced();
    expect(sync.onMessage(message(30, 29))).toMatchObject({ kind: 'resync', need: 'resubscribe', reason: /gap/ });
    expect(sync.book.valid).toBe(false);
    expect(sync.onMessage(message(31, 30))).toEqual({ kind: 'buffered' });
    expect(sync.onMessage(message(40, null, [['99', '10']], [['99.5', '10']])).kind).toBe('applied');
    expect(sync.book.valid).toBe(true);
  });

  it('what is repeated, or older than the book, changes nothing', () => {
    const sync = synced();
    sync.onMessage(message(25, 10, [['99.5', '10']]));
    const before = bookTexts(sync.book, SCALES);
    for (const old of [message(25, 10, [['99.5', '99']]), message(10, null, [['1', '1']]), message(9, 8)]) {
      expect(sync.onMessage(old)).toEqual({ kind: 'ignored' });
    }
    expect(bookTexts(sync.book, SCALES)).toEqual(before);
  });

  it('F19: a change before any snapshot, a crossed book and levels that cannot be read leave it invalid', () => {
    const fresh = new DeribitBookSync('BTC-PERPETUAL', SCALES);
    expect(fresh.onMessage(message(5, 4))).toMatchObject({ kind: 'resync', need: 'resubscribe' });
    const crossed = synced();
    expect(crossed.onMessage(message(11, 10, [['101', '10']]))).toMatchObject({ kind: 'resync', reason: 'crossed' });
    const unread = synced();
    expect(() => unread.onMessage(message(11, 10, [['99.55', '10']]))).toThrow(/DECIMAL/);
    expect(unread.book.valid).toBe(false);
    expect(unread.onMessage(message(12, 11))).toMatchObject({ kind: 'resync' });
  });
});
