import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { EngineStatus } from '#local/start/engine-status.ts';
import { createRateMeter, plainLine, type RunView, renderView } from '#local/start/live-view.ts';
import { createScreen } from '#local/start/screen.ts';
import { clip, table, visibleLength, wrapWords } from '#local/start/view-text.ts';

const NO_LATENCY = { count: 0, p50: 0, p99: 0 };
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
const VENUES = ['binance-usdm', 'bybit-linear'];

function engine(overrides: Partial<EngineStatus> = {}): EngineStatus {
  return {
    engine: 'engine-1',
    inputs: 10,
    feeds: VENUES.map((venue) => ({
      venue,
      connections: [{ name: 'market-1', status: { state: 'live', reason: '' }, frames: 5 }],
      books: SYMBOLS.map((symbol) => ({
        symbol,
        valid: true,
        bidPrice: 61_796.5,
        askPrice: 61_797,
        bidSize: 0.25,
        askSize: 12,
        messages: 1_234,
        gaps: 0,
      })),
    })),
    units: VENUES.map((venue) => ({
      unit: `paper/main/${venue}`,
      epoch: 3,
      closed: null,
      fence: null,
      lanes: SYMBOLS.map((symbol) => ({
        lane: `${venue}-${symbol.toLowerCase()}`,
        symbol,
        state: 'PositionOpen',
        entriesPaused: null,
        position: '-0.413',
        entryPrice: '61790.1',
        openOrders: 1,
        dailyProfit: -12.5,
        profitCurrency: 'USDT',
      })),
    })),
    accounts: VENUES.map((venue) => ({
      venue,
      connection: 'market-1',
      received: 500,
      published: 500,
      shed: 0,
      bytes: 1_000,
    })),
    publisher: { lagMs: 10, circuit: 'closed', journalBytes: 0 },
    latencyUs: { decision: { count: 9, p50: 3, p99: 78 }, tickToOrder: NO_LATENCY, orderToAck: NO_LATENCY },
    badFrames: 0,
    errors: 0,
    takeovers: 0,
    memoryBytes: 2.4e8,
    ...overrides,
  };
}

function view(overrides: Partial<RunView> = {}): RunView {
  const pairs = VENUES.flatMap((venue) => SYMBOLS.map((symbol) => ({ venue, symbol })));
  return {
    phase: 'trading',
    elapsedSeconds: 65,
    secondsLeft: 9.2,
    markets: pairs.map((each) => ({ ...each, priceScale: 1, sizeScale: 3 })),
    engines: [engine(), engine({ engine: 'engine-2', feeds: [], units: [], accounts: [] })],
    silentEngines: 0,
    rates: { 'binance-usdm': 190.4, 'bybit-linear': 240 },
    orders: {
      intended: 134,
      denied: 2,
      submitted: 132,
      filled: 78,
      partlyFilled: 9,
      canceled: 52,
      rejected: 0,
      protecting: 0,
      unknown: 2,
      terminal: 130,
    },
    fills: 190,
    confirmed: 128,
    positions: pairs.map((each) => ({ ...each, engine: '-0.413', ledger: '-0.413', simulated: '-0.413' })),
    mappings: ['Alert', 'Archive', 'Command', 'Confirm', 'Distribute', 'Persist'].map((name) => ({
      functionName: `Millrace-local-Pipeline-${name}Function1234ABCD`,
      sourceName: 'stream',
      kind: 'kinesis' as const,
      recordsBehind: 57,
      msBehind: 1_200,
      read: 1_300,
      succeeded: 1_243,
      discarded: 0,
      lost: 0,
      invocations: 10,
      functionErrors: 0,
      partialFailures: 0,
      throttles: 0,
      invokeFaults: 0,
      readFaults: 0,
      lastError: null,
    })),
    notes: Array.from({ length: 40 }, (_, index) => `note ${index}`),
    ...overrides,
  };
}

const plain = (lines: readonly string[]) => lines.map(stripVTControlCharacters);
const rendered = (of: RunView, columns = 99, rows = 29) => plain(renderView(of, { columns, rows }));
const lineWith = (lines: readonly string[], ...parts: string[]) =>
  lines.find((line) => parts.every((part) => line.includes(part))) ?? '';

describe('the live view', () => {
  it.each([
    [99, 29],
    [199, 59],
    [79, 23],
    [40, 10],
    [20, 3],
  ])('fits a terminal of %i × %i', (columns, rows) => {
    const lines = renderView(view(), { columns, rows });
    expect(lines.length).toBeLessThanOrEqual(rows);
    expect(lines.length).toBeGreaterThan(0);
    if (columns >= 79) expect(Math.max(...lines.map(visibleLength))).toBeLessThanOrEqual(columns);
  });

  it('shows at 100 × 30 what a trader asks first: P&L, books, lanes, positions in three places, orders, latency, lag, newest notes', () => {
    const lines = rendered(view());
    expect(lines[0]).toContain('trading 1:05, 10 s left');
    expect(lines[0]).toContain('P&L -50.00');
    expect(lineWith(lines, 'bybit-linear', 'ETHUSDT', '61796.5')).toMatch(/0\.250 +61796\.5 +61797\.0 +12\.000/);
    expect(lineWith(lines, 'binance-usdm', 'PositionOpen')).toMatch(/-12\.50 +1 +-0\.413 +-0\.413 +-0\.413/);
    expect(lines.join(' ')).toMatch(/intended 134 {2}denied 2 {2}submitted 132 .*open 2 +confirmed 128 {2}fills 190/);
    expect(lines.join(' ')).toMatch(/engine-1 {2}decision 3 \/ 78 µs .*publish lag 10 ms/);
    expect(lines).toContain('engine-2  stands by');
    expect(lines.join(' ')).toContain('Persist 1243 (57 behind, 1.2 s)');
    expect(lines.at(-1)).toBe('note 39');
  });

  it('says why a lane may not enter, that a book is not valid, that a connection is down and that an engine is silent', () => {
    const [feed] = engine().feeds;
    const [unit] = engine().units;
    if (feed === undefined || unit === undefined) throw new Error('no feed or unit');
    const [book] = feed.books;
    if (book === undefined) throw new Error('no book');
    const troubled = engine({
      feeds: [
        {
          ...feed,
          books: [{ ...book, valid: false }],
          connections: [{ name: 'market-1', status: { state: 'waiting', reason: 'refused' }, frames: 0 }],
        },
      ],
      units: [{ ...unit, fence: 'TRADING_STREAM_SILENT' }],
    });
    const lines = rendered(view({ engines: [troubled], silentEngines: 1 }), 199, 59);
    expect(lineWith(lines, 'BTCUSDT', 'no valid book')).toContain('market-1: waiting (refused)');
    expect(lineWith(lines, 'PositionOpen')).toContain('TRADING_STREAM_SILENT');
    expect(lineWith(lines, 'bybit-linear', 'not leased')).not.toBe('');
    expect(lines).toContain('1 engine without an answer');
  });

  it('takes a unit that two engines tell of from the one with the newer lease', () => {
    const [unit] = engine().units;
    const [lane] = unit?.lanes ?? [];
    if (unit === undefined || lane === undefined) throw new Error('no lane');
    const old = engine({ engine: 'engine-0', units: [{ ...unit, epoch: 2, lanes: [{ ...lane, state: 'Halted' }] }] });
    const lines = rendered(view({ engines: [old, engine()] }), 199, 59);
    expect(lines.join(' ')).not.toContain('Halted');
  });

  it('shows positions that differ in another colour than those that agree', () => {
    const [row] = view().positions;
    if (row === undefined) throw new Error('no position');
    const colours = (ledger: string) =>
      renderView(view({ positions: [{ ...row, ledger }] }), { columns: 199, rows: 59 }).join('\n');
    expect(colours('-0.413')).toContain('\u001b[32m-0.413');
    expect(colours('0.1')).toContain('\u001b[33m0.1');
  });

  it('keeps what others say from moving the cursor', () => {
    const lines = renderView(view({ notes: ['first\nsecond\u001b[2Jthird\r'] }), { columns: 199, rows: 59 });
    expect(lines.at(-1)).toBe('\u001b[2mfirst second [2Jthird \u001b[0m');
  });

  it('draws before any engine has answered', () => {
    const lines = rendered(
      view({ phase: 'starting', engines: [], silentEngines: 2, rates: {}, mappings: [], notes: [] }),
    );
    expect(lines[0]).toContain('starting');
    expect(lines.join(' ')).toContain('2 engines without an answer');
  });

  it('shows no market while it drains, since nobody reads it any more', () => {
    const lines = rendered(view({ phase: 'draining', secondsLeft: null }));
    expect(lines[0]).toMatch(/draining 1:05 .*Ctrl-C ends it at once/);
    expect(lines.join(' ')).not.toMatch(/bid|frames/);
    expect(lines.join(' ')).toContain('PositionOpen');
  });

  it('says the same in one plain line', () => {
    expect(plainLine(view())).toMatch(
      /^trading 65 s: frames 1000, .*denied 2 .*open 2, confirmed 128, P&L -50\.00 USDT, .*bybit-linear ETHUSDT -0\.413\/-0\.413\/-0\.413$/,
    );
  });

  it('measures rates between two looks, and none where an engine is new or its clock stands', () => {
    const rate = createRateMeter();
    const at = (received: number) => [
      engine({ accounts: [{ venue: 'bybit-linear', connection: 'a', received, published: 0, shed: 0, bytes: 0 }] }),
    ];
    expect(rate(at(100), 0)).toEqual({ 'bybit-linear': 0 });
    expect(rate(at(300), 500)).toEqual({ 'bybit-linear': 400 });
    expect(rate(at(310), 500)).toEqual({ 'bybit-linear': 0 });
    expect(rate(at(10), 1_000)).toEqual({ 'bybit-linear': 0 });
  });
});

describe('text of the view', () => {
  it('cuts by what is seen, not by colour codes', () => {
    const line = '\u001b[1mabcdef\u001b[0mghi';
    expect(clip(line, 9)).toBe(line);
    expect(visibleLength(clip(line, 5))).toBe(5);
    expect(plain([clip(line, 8)])).toEqual(['abcdefg…']);
  });

  it('leaves out the heaviest columns first, and those that are empty', () => {
    const columns = [{ title: 'a' }, { title: 'b', weight: 1 }, { title: 'c', weight: 2 }, { title: '' }];
    const rows = [['1111', '2222', '3333', '']];
    expect(plain(table(columns, rows, 20))).toEqual(['a     b     c   ', '1111  2222  3333']);
    expect(plain(table(columns, rows, 10))).toEqual(['a     b   ', '1111  2222']);
    expect(plain(table(columns, rows, 4))).toEqual(['a   ', '1111']);
  });

  it('wraps between words, under the first', () => {
    expect(wrapWords('t', ['aaa', 'bbb', 'ccc'], 11)).toEqual(['t  aaa  bbb', '   ccc']);
  });
});

describe('the screen', () => {
  function terminal(rows: number, columns: number) {
    const written: string[] = [];
    const output = { isTTY: true, rows, columns, write: (text: string | Uint8Array) => written.push(String(text)) > 0 };
    return { output, written, screen: createScreen(output) };
  }

  it('draws over what it drew before, keeps a row and a column free', () => {
    const { written, screen } = terminal(4, 6);
    const sizes: unknown[] = [];
    for (let draw = 0; draw < 2; draw += 1)
      screen.draw((size) => {
        sizes.push(size);
        return ['one two three', 'b'];
      }, '');
    expect(sizes[0]).toEqual({ rows: 3, columns: 5 });
    expect(plain([written[0] ?? ''])[0]?.startsWith('one …')).toBe(true);
    expect(written[1]?.startsWith('\u001b[2A\r')).toBe(true);
  });

  it('clears everything after a resize, when the terminal has broken lines anew', () => {
    const { output, written, screen } = terminal(10, 40);
    screen.draw(() => ['a'], '');
    output.columns = 20;
    screen.draw(() => ['a'], '');
    expect(written[1]?.startsWith('\u001b[H\u001b[2J')).toBe(true);
  });

  it('puts a line above the view, which stays', () => {
    const { written, screen } = terminal(10, 40);
    screen.draw(() => ['view'], '');
    screen.line('a step');
    expect(written[1]?.startsWith('\u001b[1A\r\u001b[0Ja step\nview')).toBe(true);
    screen.end();
    screen.line('the end');
    expect(written[2]).toBe('\u001b[0Jthe end\n');
  });

  it('prints plain lines, and few of them, where there is no terminal', () => {
    const written: string[] = [];
    const screen = createScreen({
      isTTY: false,
      rows: 10,
      columns: 40,
      write: (text: string | Uint8Array) => written.push(String(text)) > 0,
    });
    screen.line('a step');
    for (let draw = 0; draw < 3; draw += 1) screen.draw(() => ['view'], 'plain');
    expect(written).toEqual(['a step\n', 'plain\n']);
  });
});
