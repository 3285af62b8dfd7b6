import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { binance, bybit, depth, NS, raw, TRADE_LINE, trade, whole } from '../support/normalize-input.ts';
import { runNormalize } from '../support/run-normalize.ts';

const folder = mkdtempSync(join(tmpdir(), 'normalize-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

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
