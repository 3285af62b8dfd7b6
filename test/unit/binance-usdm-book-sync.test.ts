import { describe, expect, test } from 'vitest';
import { BinanceUsdmBookSync } from '#venues/binance-usdm/book-sync.ts';
import { diff, snapshot } from '../support/book-message-builder.ts';

const SCALES = { priceScale: 1, sizeScale: 3 };
const newSync = () => new BinanceUsdmBookSync('BTCUSDT', SCALES);

const BIDS = [
  ['100.0', '1.000'],
  ['99.9', '2.000'],
] as const;
const ASKS = [['100.1', '1.500']] as const;

/** Synced: the book of snapshot 100, the stream at 110. */
function liveSync(): BinanceUsdmBookSync {
  const sync = newSync();
  sync.onMessage(diff(95, 105, 94, { bids: [['99.9', '3.000']] }));
  sync.onMessage(snapshot(100, { bids: BIDS, asks: ASKS }));
  sync.onMessage(diff(106, 110, 105));
  return sync;
}

describe('Binance USD-M book sync', () => {
  test('the first diff asks for a snapshot once, the others wait', () => {
    const sync = newSync();

    expect(sync.onMessage(diff(1, 5, 0))).toMatchObject({ kind: 'resync', need: 'restSnapshot' });
    expect(sync.onMessage(diff(6, 9, 5))).toEqual({ kind: 'buffered' });
    expect(sync.onMessage(diff(10, 12, 9))).toEqual({ kind: 'buffered' });
    expect(sync.book.valid).toBe(false);
  });

  test('diffs older than the snapshot are dropped, the one that spans it and those after it are applied', () => {
    const sync = newSync();
    sync.onMessage(diff(80, 90, 79, { bids: [['50.0', '9.000']] }));
    sync.onMessage(diff(91, 105, 90, { bids: [['99.9', '3.000']] }));
    sync.onMessage(diff(106, 110, 105, { asks: [['100.1', '0.000']] }));

    expect(sync.onMessage(snapshot(100, { bids: BIDS, asks: [...ASKS, ['100.2', '4.000']] }))).toEqual({
      kind: 'applied',
    });

    expect(sync.book.valid).toBe(true);
    expect(sync.book.sequence).toBe(110);
    expect(sync.book.levels('buy')).toEqual([
      [1000, 1000],
      [999, 3000],
    ]);
    expect(sync.book.levels('sell')).toEqual([[1002, 4000]]);
  });

  test('a diff whose pu is the snapshot joins it; U need not follow, since symbols share the counter', () => {
    const sync = newSync();
    sync.onMessage(diff(1, 2, 0));
    sync.onMessage(snapshot(100, { bids: BIDS, asks: ASKS }));

    expect(sync.onMessage(diff(150, 160, 100))).toEqual({ kind: 'applied' });
    expect(sync.onMessage(diff(190, 195, 160))).toEqual({ kind: 'applied' });
    expect(sync.book.sequence).toBe(195);
  });

  test('F28: a gap makes the book invalid and empty, and asks exactly once until a snapshot comes', () => {
    const sync = liveSync();

    expect(sync.onMessage(diff(120, 125, 119))).toMatchObject({ kind: 'resync', need: 'restSnapshot' });
    expect(sync.book.valid).toBe(false);
    expect(sync.book.depth('buy')).toBe(0);
    for (let u = 126; u < 400; u += 1) {
      expect(sync.onMessage(diff(u, u, u - 1))).toEqual({ kind: 'buffered' });
      expect(sync.book.valid).toBe(false);
    }

    expect(sync.onMessage(snapshot(300, { bids: BIDS, asks: ASKS }))).toEqual({ kind: 'applied' });
    expect(sync.book.sequence).toBe(399);
    expect(sync.book.valid).toBe(true);
  });

  test('a snapshot older than the stream is refused and asked for again; the diffs are kept', () => {
    const sync = newSync();
    sync.onMessage(diff(200, 210, 199));

    expect(sync.onMessage(snapshot(150, { bids: BIDS, asks: ASKS }))).toMatchObject({ kind: 'resync' });
    expect(sync.book.valid).toBe(false);

    expect(sync.onMessage(snapshot(205, { bids: BIDS, asks: ASKS }))).toEqual({ kind: 'applied' });
    expect(sync.book.sequence).toBe(210);
  });

  test('a refused snapshot leaves the last sequence of the lost book as it was', () => {
    const sync = liveSync();
    sync.onMessage(diff(200, 210, 199));

    sync.onMessage(snapshot(150, { bids: BIDS, asks: ASKS }));

    expect(sync.book.sequence).toBe(110);
    expect(sync.book.depth('buy')).toBe(0);
  });

  test('a hole among the buffered diffs is found when they are applied', () => {
    const sync = newSync();
    sync.onMessage(diff(95, 105, 94));
    sync.onMessage(diff(120, 125, 119));
    sync.onMessage(diff(126, 130, 125));

    expect(sync.onMessage(snapshot(100, { bids: BIDS, asks: ASKS }))).toMatchObject({ kind: 'resync' });
    expect(sync.book.valid).toBe(false);

    expect(sync.onMessage(snapshot(122, { bids: BIDS, asks: ASKS }))).toEqual({ kind: 'applied' });
    expect(sync.book.sequence).toBe(130);
  });

  test('repeated and old diffs are ignored', () => {
    const sync = liveSync();

    expect(sync.onMessage(diff(106, 110, 105))).toEqual({ kind: 'ignored' });
    expect(sync.onMessage(diff(95, 105, 94, { bids: [['1.0', '1.000']] }))).toEqual({ kind: 'ignored' });
    expect(sync.book.valid).toBe(true);
    expect(sync.book.depth('buy')).toBe(2);
  });

  test('a diff that ends where the book is, but follows something later, is a break', () => {
    expect(liveSync().onMessage(diff(106, 110, 9_999))).toMatchObject({ kind: 'resync' });
  });

  test('a stream that has gone back behind the book for good does not leave a stale book valid', () => {
    const sync = liveSync();
    let asked = 0;
    for (let u = 1; u < 1_200; u += 1) {
      if (sync.onMessage(diff(u % 90, u % 90, (u % 90) - 1)).kind === 'resync') asked += 1;
    }

    expect(asked).toBe(1);
    expect(sync.book.valid).toBe(false);
  });

  test('a snapshot that comes while no stream has spoken since the connection was lost is not valid', () => {
    const sync = liveSync();
    sync.invalidate('connection lost');
    expect(sync.book.valid).toBe(false);

    expect(sync.onMessage(snapshot(200, { bids: BIDS, asks: ASKS }))).toEqual({ kind: 'buffered' });
    expect(sync.onMessage(snapshot(202, { bids: BIDS, asks: ASKS }))).toEqual({ kind: 'buffered' });
    expect(sync.book.valid).toBe(false);

    expect(sync.onMessage(diff(199, 205, 198))).toEqual({ kind: 'applied' });
    expect(sync.book.valid).toBe(true);
  });

  test('after the connection was lost the next diff asks anew', () => {
    const sync = liveSync();
    sync.invalidate('connection lost');

    expect(sync.onMessage(diff(111, 115, 110))).toMatchObject({ kind: 'resync', reason: 'connection lost' });
  });

  test('an old snapshot never replaces a newer book, a newer one does', () => {
    const sync = liveSync();

    expect(sync.onMessage(snapshot(108, { bids: [['1.0', '1.000']] }))).toEqual({ kind: 'ignored' });
    expect(sync.book.sequence).toBe(110);

    expect(sync.onMessage(snapshot(130, { bids: [['98.0', '1.000']], asks: ASKS }))).toEqual({ kind: 'applied' });
    expect(sync.onMessage(diff(111, 120, 110))).toEqual({ kind: 'ignored' });
    expect(sync.onMessage(diff(121, 131, 120))).toEqual({ kind: 'applied' });
    expect(sync.book.levels('buy')).toEqual([[980, 1000]]);
  });

  test('F19: a crossed book is invalid and synced anew', () => {
    const sync = liveSync();

    expect(sync.onMessage(diff(111, 115, 110, { bids: [['100.1', '1.000']] }))).toMatchObject({
      kind: 'resync',
      reason: 'crossed',
    });
    expect(sync.book.valid).toBe(false);
  });

  test.each([
    ['100.05', '1.000', 'DECIMAL_PRECISION'],
    ['100.0', '0.0001', 'DECIMAL_PRECISION'],
    ['abc', '1.000', 'DECIMAL_SYNTAX'],
    ['-1.0', '1.000', 'LEVEL_INVALID'],
    ['0.0', '1.000', 'LEVEL_INVALID'],
    ['100.0', '-1.000', 'LEVEL_INVALID'],
    ['100.0', '9999999999999999', 'DECIMAL_RANGE'],
  ])('a level %s × %s is an error, and the book is invalid until it is synced again', (price, size, code) => {
    const sync = liveSync();

    expect(() => sync.onMessage(diff(111, 115, 110, { bids: [[price, size]] }))).toThrow(
      expect.objectContaining({ class: 'validation', code }),
    );
    expect(sync.book.valid).toBe(false);
    expect(sync.onMessage(diff(116, 120, 115))).toMatchObject({ kind: 'resync' });
  });

  test('R9: what waits is bounded, the newest is kept', () => {
    const sync = newSync();
    for (let u = 1; u <= 5_000; u += 1) sync.onMessage(diff(u, u, u - 1));

    expect(sync.onMessage(snapshot(3_000, { bids: BIDS, asks: ASKS }))).toMatchObject({ kind: 'resync' });
    expect(sync.onMessage(snapshot(4_500, { bids: BIDS, asks: ASKS }))).toEqual({ kind: 'applied' });
    expect(sync.book.sequence).toBe(5_000);
  });

  test('a recording may need finer scales than were known: the book goes on in them', () => {
    const sync = liveSync();
    sync.rescale({ priceScale: 2, sizeScale: 4 });

    expect(sync.onMessage(diff(111, 115, 110, { bids: [['100.05', '0.0001']] }))).toEqual({ kind: 'applied' });
    expect(sync.book.levels('buy', 2)).toEqual([
      [10_005, 1],
      [10_000, 10_000],
    ]);
  });
});
