import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { runNormalize } from '../support/run-normalize.ts';

const folder = mkdtempSync(join(tmpdir(), 'normalize-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const TIME = 1_723_161_256_298;
const ISO = '2024-08-08T23:54:16.298Z';
const NS = '1723161255030314667';
const binance = (argv: readonly string[], stdin?: string | Buffer) =>
  runNormalize(['--venue', 'binance-usdm', ...argv], stdin);
const bybit = (argv: readonly string[], stdin?: string | Buffer) =>
  runNormalize(['--venue', 'bybit-linear', ...argv], stdin);

const trade = (id: number) => ({ e: 'aggTrade', E: TIME, s: 'BTCUSDT', a: id, p: '10.50', q: '2.0', T: TIME, m: true });
const TRADE_LINE = (id: number) =>
  `{"type":"trade","symbol":"BTCUSDT","id":"${id}","price":"10.5","size":"2","side":"sell","exchangeTime":"${ISO}"}`;

function depth(first: number, last: number, previous: number, bids: unknown[] = [], symbol = 'BTCUSDT') {
  const data = { e: 'depthUpdate', E: TIME, T: TIME, s: symbol, U: first, u: last, pu: previous, b: bids, a: [] };
  return { stream: `${symbol.toLowerCase()}@depth@100ms`, data };
}
const whole = (lastUpdateId: number, bids: unknown[] = [['10.0', '1.00']], asks: unknown[] = [['11.0', '1']]) => ({
  lastUpdateId,
  E: TIME,
  T: TIME,
  bids,
  asks,
});
const raw = (...frames: unknown[]) => frames.map((frame) => `${NS} ${JSON.stringify(frame)}\n`).join('');
const types = (lines: readonly string[]) => lines.map((line) => JSON.parse(line).type as string);

describe('normalize: inputs', () => {
  test('lines of receive time and frame, rows with a raw text, rows with a raw object, bare frames: all say the same', async () => {
    const frame = trade(1);
    const inputs = [
      `${NS} ${JSON.stringify(frame)}\n`,
      `${JSON.stringify({ dir: 'in', t: '1.5', raw: JSON.stringify(frame) })}\n`,
      `${JSON.stringify({ raw: frame, index: 1 })}\n`,
      `${JSON.stringify(frame)}\n`,
      JSON.stringify(frame),
      `\r\n${JSON.stringify(frame)} \r\n\n`,
    ];
    for (const input of inputs)
      expect(await binance(['-'], input)).toEqual({ code: 0, lines: [TRADE_LINE(1)], errors: [] });
  });

  test('gzip is read, from files and from standard input', async () => {
    const packed = gzipSync(raw(trade(1), trade(2)));

    expect((await binance([file('a.gz', packed)])).lines).toEqual([TRADE_LINE(1), TRADE_LINE(2)]);
    expect((await binance(['-'], packed)).lines).toEqual([TRADE_LINE(1), TRADE_LINE(2)]);
  });

  test('what was sent, what was opened and other REST answers are no frames', async () => {
    const rows = [
      { dir: 'open', url: 'wss://x', t: '1' },
      { dir: 'out', raw: '{"method":"SUBSCRIBE"}' },
      { dir: 'http', url: 'https://x/fapi/v1/exchangeInfo', raw: '{"symbols":[]}' },
    ];

    expect(await binance(['-'], rows.map((row) => `${JSON.stringify(row)}\n`).join(''))).toEqual({
      code: 0,
      lines: [],
      errors: [],
    });
  });

  test('files follow one another: a recording may be cut into several', async () => {
    const first = file('one.raw', raw(depth(1, 5, 0), whole(3)));
    const second = file('two.raw', raw(depth(6, 9, 5)));

    const { lines } = await binance([first, second, '--books', 'all']);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'bookState', valid: true, sequence: 9 });
  });
});

describe('normalize: bad input', () => {
  test('a bad frame is named by file and line, counted, and the rest goes on', async () => {
    const text = [
      raw(trade(1)),
      `${NS} {"e":"aggTrade","s":"BTC\n`,
      'nonsense\n',
      raw({ e: 'aggTrade', s: 5 }),
      '{"raw":5}\n',
      '{"raw":\n',
      raw(trade(2)),
    ].join('');
    const path = file('bad.raw', text);

    const { code, lines, errors } = await binance([path]);

    expect(lines).toEqual([TRADE_LINE(1), TRADE_LINE(2)]);
    expect(code).toBe(1);
    expect(errors).toEqual([
      expect.stringMatching(/bad\.raw:2: FRAME_INVALID: not JSON/),
      expect.stringMatching(/bad\.raw:3: RECORD_INVALID: neither/),
      expect.stringMatching(/bad\.raw:4: FRAME_INVALID: /),
      expect.stringMatching(/bad\.raw:5: RECORD_INVALID: raw is neither/),
      expect.stringMatching(/bad\.raw:6: RECORD_INVALID: not JSON/),
      'normalize: 5 bad frames',
    ]);
  });

  test('a level that is no decimal is a bad frame, and its book is not valid after it', async () => {
    const { code, lines, errors } = await binance(
      ['-', '--books', '1'],
      raw(depth(1, 5, 0), whole(3), depth(6, 9, 5, [['x', '1']])),
    );

    expect(code).toBe(1);
    expect(errors[0]).toMatch(/-:3: DECIMAL_SYNTAX/);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      type: 'bookState',
      symbol: 'BTCUSDT',
      valid: false,
      sequence: 5,
      bids: [],
      asks: [],
    });
  });

  test('a recording of another venue is no recording of this one', async () => {
    const { code, errors } = await bybit(['-'], raw({ jsonrpc: '2.0', method: 'subscription', params: {} }));

    expect(code).toBe(1);
    expect(errors[0]).toMatch(/neither a topic nor an answer/);
  });

  test('H5: frames of channels without a normalized form are no fault, and are counted', async () => {
    const row = { start: 1, end: 2, interval: '1', open: '1', close: '1', high: '1', low: '1', volume: '1' };
    const data = [false, true].map((confirm) => ({ ...row, turnover: '1', confirm, timestamp: 1 }));
    const kline = raw({ topic: 'kline.1.BTCUSDT', type: 'snapshot', ts: 1, data });
    const { code, lines, errors } = await bybit(['-'], kline + kline);

    expect({ code, lines, errors }).toEqual({
      code: 0,
      lines: [],
      errors: ['end: FRAMES_OTHER: frames=2 of channels that are not normalized'],
    });
  });

  test('R9: a line without end is refused, not gathered', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x');
    const input = Buffer.concat([...Array.from({ length: 17 }, () => piece), Buffer.from(`\n${raw(trade(1))}`)]);
    const { code, lines, errors } = await binance(['-'], input);

    expect([code, lines]).toEqual([1, [TRADE_LINE(1)]]);
    expect(errors[0]).toMatch(/-:1: RECORD_INVALID: line too long/);
  });

  test('gzip that is cut: what came before is told, and the end is an error', async () => {
    const packed = gzipSync(raw(...Array.from({ length: 20_000 }, (_, id) => trade(id * 7_919))), { level: 1 });
    const { code, lines, errors } = await binance([file('cut.gz', packed.subarray(0, packed.length - 100))]);

    expect(code).toBe(1);
    expect(lines.length).toBeGreaterThan(10_000);
    expect(errors[0]).toMatch(/RECORDING_UNREADABLE: .*unexpected end of file/);
  });

  test.each([
    ['no venue', ['x'], /--venue is missing/],
    ['an unknown venue', ['--venue', 'mtgox', 'x'], /--venue mtgox is not known/],
    ['no file', ['--venue', 'bybit-linear'], /no file/],
    [
      'a missing file',
      ['--venue', 'bybit-linear', '/nowhere/a', '/nowhere/b'],
      /FILE_UNREADABLE.*nowhere\/a.*nowhere\/b/,
    ],
    ['a folder', ['--venue', 'bybit-linear', '/'], /is a directory/],
    ['a depth that is none', ['--venue', 'bybit-linear', '-', '--books', 'deep'], /--books deep/],
    ['an unknown option', ['--venue', 'bybit-linear', '-', '--speed', '9'], /--speed/],
  ])('%s: one error, nothing written, exit 2', async (_, argv, reason) => {
    const { code, lines, errors } = await runNormalize(argv);

    expect([code, lines]).toEqual([2, []]);
    expect(errors.join(' ')).toMatch(reason);
  });

  test('a reader that goes away ends it quietly', async () => {
    const path = file('long.raw', raw(...Array.from({ length: 50_000 }, (_, id) => trade(id))));
    const script = join(import.meta.dirname, '../../src/research/normalize.ts');
    const child = spawn(process.execPath, [script, '--venue', 'binance-usdm', path], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const errors: string[] = [];
    child.stderr.on('data', (chunk) => errors.push(String(chunk)));
    child.stdout.once('data', () => child.stdout.destroy());

    const code = await new Promise((resolve) => child.once('close', resolve));

    expect(errors).toEqual([]);
    expect(code).toBe(0);
  });
});

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
