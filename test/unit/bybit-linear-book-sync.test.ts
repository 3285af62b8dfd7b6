import { describe, expect, test } from 'vitest';
import { BybitBookSync } from '#venues/bybit/book-sync.ts';
import { delta, snapshot } from '../support/book-message-builder.ts';

const newSync = () => new BybitBookSync('BTCUSDT', { priceScale: 1, sizeScale: 3 });
const WHOLE = { bids: [['100.0', '1.000']], asks: [['100.1', '1.000']] } as const;

function liveSync(): BybitBookSync {
  const sync = newSync();
  sync.onMessage(snapshot(50, WHOLE));
  return sync;
}

describe('Bybit linear book sync', () => {
  test('a snapshot is valid at once, deltas that follow it are applied', () => {
    const sync = newSync();

    expect(sync.onMessage(snapshot(50, WHOLE))).toEqual({ kind: 'applied' });
    expect(sync.onMessage(delta(51, { bids: [['100.0', '0']], asks: [['100.2', '2.000']] }))).toEqual({
      kind: 'applied',
    });

    expect(sync.book.valid).toBe(true);
    expect(sync.book.sequence).toBe(51);
    expect(sync.book.depth('buy')).toBe(0);
    expect(sync.book.levels('sell')).toEqual([
      [1001, 1000],
      [1002, 2000],
    ]);
  });

  test('a delta before any snapshot asks for a new subscription once', () => {
    const sync = newSync();

    expect(sync.onMessage(delta(7))).toMatchObject({ kind: 'resync', need: 'resubscribe' });
    expect(sync.onMessage(delta(8))).toEqual({ kind: 'buffered' });
    expect(sync.book.valid).toBe(false);
  });

  test.each([52, 60, 49, 1])(
    'F28: u=%i after u=50 is a gap: invalid, one request, until a snapshot comes',
    (update) => {
      const sync = liveSync();

      expect(sync.onMessage(delta(update, WHOLE))).toMatchObject({ kind: 'resync', need: 'resubscribe' });
      expect(sync.book.valid).toBe(false);
      for (let u = update + 1; u < update + 100; u += 1) {
        expect(sync.onMessage(delta(u))).toEqual({ kind: 'buffered' });
        expect(sync.book.valid).toBe(false);
      }

      expect(sync.onMessage(snapshot(500, WHOLE))).toEqual({ kind: 'applied' });
      expect(sync.onMessage(delta(501))).toEqual({ kind: 'applied' });
      expect(sync.book.valid).toBe(true);
    },
  );

  test('the same u again is a repetition', () => {
    const sync = liveSync();
    sync.onMessage(delta(51, { bids: [['99.0', '1.000']] }));

    expect(sync.onMessage(delta(51, { bids: [['98.0', '1.000']] }))).toEqual({ kind: 'ignored' });
    expect(sync.onMessage(snapshot(51, WHOLE))).toEqual({ kind: 'ignored' });
    expect(sync.book.depth('buy')).toBe(2);
    expect(sync.book.valid).toBe(true);
  });

  test('a new snapshot replaces the book, also when the service restarted with u 1', () => {
    const sync = liveSync();

    expect(sync.onMessage(snapshot(1, { bids: [['90.0', '1.000']], asks: [['91.0', '1.000']] }))).toEqual({
      kind: 'applied',
    });
    expect(sync.book.levels('buy')).toEqual([[900, 1000]]);
    expect(sync.book.sequence).toBe(1);

    sync.onMessage(snapshot(1, { bids: [['80.0', '1.000']], asks: [['81.0', '1.000']] }));
    expect(sync.book.levels('buy')).toEqual([[800, 1000]]);
    expect(sync.onMessage(delta(2))).toEqual({ kind: 'applied' });
  });

  test('F19: a crossed book is invalid and synced anew', () => {
    const sync = liveSync();

    expect(sync.onMessage(delta(51, { bids: [['100.1', '1.000']] }))).toMatchObject({
      kind: 'resync',
      reason: 'crossed',
    });
    expect(sync.book.valid).toBe(false);
  });

  test('a level that cannot be represented is an error, and the next message asks for a new subscription', () => {
    const sync = liveSync();

    expect(() => sync.onMessage(delta(51, { bids: [['100.05', '1.000']] }))).toThrow(
      expect.objectContaining({ class: 'validation', code: 'DECIMAL_PRECISION' }),
    );
    expect(sync.book.valid).toBe(false);
    expect(sync.onMessage(delta(52))).toMatchObject({ kind: 'resync' });
  });

  test('after the connection was lost the book is invalid until the next snapshot', () => {
    const sync = liveSync();
    sync.invalidate('connection lost');

    expect(sync.book.valid).toBe(false);
    expect(sync.onMessage(snapshot(50, WHOLE))).toEqual({ kind: 'applied' });
    expect(sync.book.valid).toBe(true);
  });
});
