import { describe, expect, test } from 'vitest';
import { binance, bybit, depth, ISO, raw, TIME, trade, types, whole } from '../support/normalize-input.ts';

describe('normalize: Binance books', () => {
  test('diffs before the snapshot are merged into it, known prices in their place, size 0 removed', async () => {
    const { lines } = await binance(
      ['-'],
      raw(
        depth(1, 2, 0, [['1.0', '9']]),
        depth(3, 6, 2, [
          ['10.0', '0'],
          ['9.50', '3.10'],
        ]),
        whole(5, [
          ['10.0', '1.00'],
          ['9.00', '2'],
        ]),
        depth(7, 8, 6, [['9.0', '0.00']]),
      ),
    );

    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        type: 'book',
        symbol: 'BTCUSDT',
        isSnapshot: true,
        bids: [
          ['9', '2'],
          ['9.5', '3.1'],
        ],
        asks: [['11', '1']],
        exchangeTime: ISO,
      },
      { type: 'book', symbol: 'BTCUSDT', isSnapshot: false, bids: [['9', '0']], asks: [], exchangeTime: ISO },
    ]);
  });

  test('a diff older than the snapshot, and one that is repeated, say nothing', async () => {
    const { lines } = await binance(
      ['-'],
      raw(depth(1, 5, 0), whole(20), depth(6, 9, 5), depth(10, 21, 9), depth(10, 21, 9)),
    );

    expect(lines.map((line) => JSON.parse(line).isSnapshot)).toEqual([true, false]);
  });

  test('after a gap diffs are told, the book is not valid, and goes on with the next snapshot', async () => {
    const gap = raw(depth(1, 5, 0), whole(3), depth(9, 12, 8), depth(13, 14, 12, [['10.5', '7']]));
    const broken = await binance(['-', '--books', 'all'], gap);

    expect(broken.code).toBe(0);
    expect(broken.errors).toEqual([expect.stringMatching(/-:3: BOOK_LOST: symbol=BTCUSDT gap: pu=8 after u=5/)]);
    expect(types(broken.lines)).toEqual(['book', 'book', 'book', 'bookState']);
    expect(JSON.parse(broken.lines.at(-1) ?? '')).toMatchObject({ valid: false, bids: [], asks: [] });

    const mended = await binance(['-', '--books', 'all'], `${gap}${raw(whole(12), depth(15, 16, 14))}`);
    expect(JSON.parse(mended.lines[3] ?? '')).toMatchObject({
      isSnapshot: true,
      bids: [
        ['10', '1'],
        ['10.5', '7'],
      ],
    });
    expect(JSON.parse(mended.lines.at(-1) ?? '')).toMatchObject({ valid: true, sequence: 16 });
  });

  test('a snapshot older than the stream says nothing, and neither does a diff older than a snapshot that could not be used', async () => {
    const old = await binance(['-', '--books', '1'], raw(depth(20, 25, 19), whole(5)));
    expect(types(old.lines)).toEqual(['bookState']);
    expect(old.errors[0]).toMatch(/-:2: BOOK_LOST: symbol=BTCUSDT snapshot 5 is older than the stream/);

    const crossed = await binance(
      ['-'],
      raw(depth(1, 5, 0), whole(20, [['12.0', '1']]), depth(6, 9, 5), depth(10, 21, 9)),
    );
    expect(crossed.lines.map((line) => JSON.parse(line).isSnapshot)).toEqual([true, false]);
    expect(crossed.errors[0]).toMatch(/-:2: BOOK_LOST: symbol=BTCUSDT crossed/);
  });

  test('a snapshot that no diff has joined is told, and is not yet a book', async () => {
    const { lines } = await binance(['-', '--books', 'all'], raw({ stream: 'btcusdt@depthSnapshot', data: whole(3) }));

    expect(types(lines)).toEqual(['book', 'bookState']);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ valid: false, bids: [], asks: [] });
  });

  test('H5: without any snapshot nothing is told of a book, and it is said how much', async () => {
    const { code, lines, errors } = await binance(['-', '--books', '1'], raw(depth(1, 5, 0), depth(6, 9, 5)));

    expect(code).toBe(0);
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { type: 'bookState', symbol: 'BTCUSDT', valid: false, sequence: null, bids: [], asks: [] },
    ]);
    expect(errors).toEqual(['end: BOOK_UNSYNCED: symbol=BTCUSDT diffs=2 held back, no snapshot came']);
  });

  test('a snapshot learns its symbol from its address, its stream, or the only symbol there is', async () => {
    const byUrl = `${JSON.stringify({
      dir: 'http',
      url: 'https://x/fapi/v1/depth?symbol=ETHUSDT&limit=5',
      raw: JSON.stringify(whole(3)),
    })}\n`;
    const byStream = raw({ stream: 'ethusdt@depthSnapshot', generated: true, data: whole(3) });
    const byOnly = raw(whole(3));
    for (const [snapshot, before] of [
      [byUrl, raw(depth(1, 5, 0))],
      [byStream, raw(depth(1, 5, 0))],
      [byOnly, ''],
    ] as const) {
      const { lines, code } = await binance(
        ['-', '--books', '1'],
        before + snapshot + raw(depth(1, 5, 0, [], 'ETHUSDT')),
      );
      expect(code).toBe(0);
      expect(
        lines.map((line) => JSON.parse(line)).find(({ type, symbol }) => type === 'bookState' && symbol === 'ETHUSDT'),
      ).toMatchObject({
        valid: true,
      });
    }
  });

  test('a snapshot whose symbol nothing tells is an error, not a guess', async () => {
    const two = await binance(['-'], raw(depth(1, 5, 0), depth(1, 5, 0, [], 'ETHUSDT'), whole(3)));
    expect(two.code).toBe(1);
    expect(two.errors[0]).toMatch(/-:3: SNAPSHOT_SYMBOL/);

    const none = await binance(['-'], raw(whole(3), trade(1)));
    expect(none.code).toBe(1);
    expect(none.errors[0]).toMatch(/end: SNAPSHOT_SYMBOL/);
  });

  test('a snapshot without a time of its own has that of its receipt', async () => {
    const { lastUpdateId, bids, asks } = whole(3);
    const { lines } = await binance(['-'], raw(depth(1, 5, 0), { lastUpdateId, bids, asks }));

    expect(JSON.parse(lines[0] ?? '').exchangeTime).toBe('2024-08-08T23:54:15.030Z');
  });

  test('scales are learnt from the data: a finer value later on changes nothing before it', async () => {
    const { lines } = await binance(
      ['-', '--books', '3'],
      raw(depth(1, 5, 0), whole(3), depth(6, 7, 5, [['10.12345678', '0.00000001']]), depth(8, 9, 7, [['9', '123456']])),
    );

    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      valid: true,
      bids: [
        ['10.12345678', '0.00000001'],
        ['10', '1'],
        ['9', '123456'],
      ],
    });
  });
});

describe('normalize: Bybit books', () => {
  const frame = (type: string, u: number, b: unknown[], topic = 'orderbook.50.BTCUSDT') => ({
    topic,
    type,
    ts: TIME + 3,
    data: { s: 'BTCUSDT', b, a: [['11.0', '1']], u, seq: u },
    cts: TIME,
  });

  test('snapshots and deltas are told as they come, repetitions once; --books cuts the levels', async () => {
    const { lines, errors } = await bybit(
      ['-', '--books', '1'],
      raw(
        frame('snapshot', 5, [
          ['10.0', '1'],
          ['9', '2'],
        ]),
        frame('delta', 6, [['10.0', '0']]),
        frame('delta', 6, [['10.0', '0']]),
      ),
    );

    expect(errors).toEqual([]);
    expect(lines).toEqual([
      `{"type":"book","symbol":"BTCUSDT","isSnapshot":true,"bids":[["10","1"],["9","2"]],"asks":[["11","1"]],"exchangeTime":"${ISO}"}`,
      `{"type":"book","symbol":"BTCUSDT","isSnapshot":false,"bids":[["10","0"]],"asks":[["11","1"]],"exchangeTime":"${ISO}"}`,
      '{"type":"bookState","symbol":"BTCUSDT","valid":true,"sequence":6,"bids":[["9","2"]],"asks":[["11","1"]]}',
    ]);
  });

  test('a delta after a gap is told, and the book is not valid until the next snapshot', async () => {
    const gap = raw(frame('snapshot', 5, [['10', '1']]), frame('delta', 8, [['9', '1']]), frame('delta', 9, []));
    const broken = await bybit(['-', '--books', 'all'], gap);
    expect(types(broken.lines)).toEqual(['book', 'book', 'book', 'bookState']);
    expect(broken.errors).toEqual([expect.stringMatching(/-:2: BOOK_LOST/)]);
    expect(JSON.parse(broken.lines.at(-1) ?? '')).toMatchObject({ valid: false, sequence: 5, bids: [] });

    const mended = await bybit(['-', '--books', 'all'], gap + raw(frame('snapshot', 20, [['8', '1']])));
    expect(JSON.parse(mended.lines.at(-1) ?? '')).toMatchObject({ valid: true, sequence: 20, bids: [['8', '1']] });
  });
});
