import type { MappingStats } from '../event-source-poller/poller-stats.ts';
import type { EngineStatus } from './engine-status.ts';
import type { OrderCounts } from './order-counts.ts';
import {
  BOLD,
  DIM,
  GREEN,
  GREY_RULE,
  PLAIN,
  RED,
  type Row,
  table,
  visibleLength,
  visibleText,
  wrapWords,
  YELLOW,
} from './view-text.ts';

/** Position of one symbol in the three places that hold one, as decimal text; null: not known yet. */
export interface PositionRow {
  readonly venue: string;
  readonly symbol: string;
  readonly engine: string | null;
  readonly ledger: string | null;
  readonly simulated: string;
}

/** Decimals in which a symbol's prices and sizes are shown. */
export interface ShownMarket {
  readonly venue: string;
  readonly symbol: string;
  readonly priceScale: number;
  readonly sizeScale: number;
}

/** Everything the view shows at one moment. */
export interface RunView {
  readonly phase: 'starting' | 'trading' | 'draining';
  readonly elapsedSeconds: number;
  readonly secondsLeft: number | null;
  readonly markets: readonly ShownMarket[];
  readonly engines: readonly EngineStatus[];
  /** Engines that do not answer. */
  readonly silentEngines: number;
  /** Frames received a second, by venue. */
  readonly rates: Readonly<Record<string, number>>;
  readonly orders: OrderCounts;
  readonly fills: number;
  readonly confirmed: number;
  readonly positions: readonly PositionRow[];
  readonly mappings: readonly MappingStats[];
  readonly notes: readonly string[];
}

/** A terminal's size, in characters. */
export interface ViewSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * The lines of the view, none wider than the terminal (but for notes) and never more than it is high: what is not needed at a glance goes first (columns of lesser weight, then
 * older notes, then blank lines).
 */
export function renderView(view: RunView, size: ViewSize): string[] {
  const { columns } = size;
  const parts = [
    headLines(view, columns),
    // While it drains the market stands still, and then nobody reads it any more.
    view.phase === 'draining' ? [] : table(MARKET_COLUMNS, marketRows(view), columns),
    table(LANE_COLUMNS, laneRows(view), columns),
    orderLines(view, columns),
    [...engineLines(view, columns), ...lambdaLines(view, columns)],
  ].filter((part) => part.length > 0);
  const needed = parts.reduce((sum, part) => sum + part.length, 0);
  const blank = needed + parts.length <= size.rows ? [''] : [];
  const lines = parts.flatMap((part, index) => (index === 0 ? part : [...blank, ...part]));
  const room = size.rows - lines.length - blank.length;
  const notes = room > 0 ? view.notes.slice(-room) : [];
  if (notes.length > 0) lines.push(...blank, ...notes.map((note) => `${DIM}${visibleText(note)}${PLAIN}`));
  return lines.slice(0, size.rows);
}

/** The same in one line, for output that is no terminal. */
export function plainLine(view: RunView): string {
  const frames = [...receivedByVenue(view.engines).values()].reduce((sum, count) => sum + count, 0);
  const { orders } = view;
  const positions = view.positions.map(
    (row) => `${row.venue} ${row.symbol} ${row.engine ?? '–'}/${row.ledger ?? '–'}/${row.simulated}`,
  );
  return `${view.phase} ${view.elapsedSeconds.toFixed(0)} s: frames ${frames}, orders intended ${orders.intended} denied ${orders.denied} submitted ${orders.submitted} filled ${orders.filled} canceled ${orders.canceled} rejected ${orders.rejected} open ${orders.unknown}, confirmed ${view.confirmed}, P&L ${profitText(view)}, positions (engine/ledger/venue) ${positions.join(', ')}`;
}

/** Frames a second by venue, from the counts of two looks. `atMs` on any clock that only goes forward. */
export function createRateMeter(): (engines: readonly EngineStatus[], atMs: number) => Record<string, number> {
  let last: { readonly atMs: number; readonly frames: ReadonlyMap<string, number> } | null = null;
  return (engines, atMs) => {
    const frames = receivedByVenue(engines);
    const before = last;
    last = { atMs, frames };
    return Object.fromEntries(
      [...frames].map(([venue, count]) => {
        const earlier = before?.frames.get(venue);
        if (before === null || earlier === undefined || atMs <= before.atMs) return [venue, 0];
        return [venue, Math.max(0, ((count - earlier) / (atMs - before.atMs)) * 1e3)];
      }),
    );
  };
}

/** Frames of each venue, without the engines' own input logs. */
function receivedByVenue(engines: readonly EngineStatus[]): Map<string, number> {
  const frames = new Map<string, number>();
  for (const { venue, received } of engines.flatMap((engine) => engine.accounts))
    if (venue !== 'engine') frames.set(venue, (frames.get(venue) ?? 0) + received);
  return frames;
}

/** One line: with the rate of each venue and a hint where there is room for them. */
function headLines(view: RunView, columns: number): string[] {
  const left = view.secondsLeft === null ? '' : `, ${Math.max(0, Math.ceil(view.secondsLeft))} s left`;
  const rates = Object.entries(view.rates);
  const total = rates.reduce((sum, [, rate]) => sum + rate, 0).toFixed(0);
  const each = rates.map(([venue, rate]) => `${venue} ${rate.toFixed(0)}/s`).join('  ');
  const start = [
    `${BOLD}Millrace${PLAIN}`,
    `${BOLD}${view.phase}${PLAIN} ${formatSeconds(view.elapsedSeconds)}${left}`,
    `P&L ${BOLD}${profitText(view)}${PLAIN}`,
  ];
  const hint = `${DIM}Ctrl-C ends it${view.phase === 'draining' ? ' at once' : ''}${PLAIN}`;
  const ends =
    view.phase === 'draining'
      ? [[hint]]
      : [[`frames ${each}`, hint], [`frames ${total}/s`, hint], [`frames ${total}/s`]];
  const lines = ends.map((end) => [...start, ...end].join(GREY_RULE));
  return [lines.find((line) => visibleLength(line) <= columns) ?? start.join(GREY_RULE)];
}

const MARKET_COLUMNS = [
  { title: 'book' },
  { title: '' },
  { title: 'bid size', right: true, weight: 2 },
  { title: 'bid', right: true },
  { title: 'ask', right: true },
  { title: 'ask size', right: true, weight: 2 },
  { title: 'spread', right: true, weight: 3 },
  { title: 'changes', right: true, weight: 4 },
  { title: 'gaps', right: true, weight: 2 },
  { title: '' },
] as const;

function marketRows(view: RunView): Row[] {
  return view.markets.map(({ venue, symbol, priceScale, sizeScale }) => {
    const feeds = view.engines.flatMap((engine) => engine.feeds).filter((feed) => feed.venue === venue);
    const book = feeds.flatMap((feed) => feed.books).find((each) => each.symbol === symbol);
    const trouble = feeds
      .flatMap((feed) => feed.connections)
      .filter(({ status }) => status.state !== 'live')
      .map(({ name, status }) => `${name}: ${status.state}${status.reason === '' ? '' : ` (${status.reason})`}`);
    const troubled = { text: trouble.join(', '), colour: YELLOW };
    const counts = [String(book?.messages ?? 0), { text: String(book?.gaps ?? 0), colour: book?.gaps ? YELLOW : '' }];
    if (book === undefined || !book.valid) {
      const none = { text: 'no valid book', colour: YELLOW };
      return [venue, symbol, '', none, '', '', '', ...counts, troubled];
    }
    const spreadBps = ((book.askPrice - book.bidPrice) / ((book.askPrice + book.bidPrice) / 2)) * 1e4;
    return [
      venue,
      symbol,
      book.bidSize.toFixed(sizeScale),
      book.bidPrice.toFixed(priceScale),
      book.askPrice.toFixed(priceScale),
      book.askSize.toFixed(sizeScale),
      `${spreadBps.toFixed(2)} bp`,
      ...counts,
      troubled,
    ];
  });
}

const LANE_COLUMNS = [
  { title: 'lane' },
  { title: '' },
  { title: 'state' },
  { title: 'P&L', right: true },
  { title: 'orders', right: true, weight: 2 },
  { title: 'position', right: true },
  { title: 'ledger', right: true },
  { title: 'venue', right: true },
  { title: 'entry', right: true, weight: 3 },
  { title: '' },
] as const;

function laneRows(view: RunView): Row[] {
  return view.positions.map((row) => {
    const held = laneOf(view, row);
    const gate = held === null ? null : (held.unit.closed ?? held.unit.fence ?? held.lane.entriesPaused);
    const profit = held?.lane.dailyProfit ?? 0;
    const colourOf = (text: string | null) => (text === row.simulated ? GREEN : YELLOW);
    return [
      row.venue,
      row.symbol,
      { text: held?.lane.state ?? stateWithoutLane(view, row), colour: held !== null && gate === null ? '' : YELLOW },
      { text: signed(profit, held?.lane.profitCurrency ?? ''), colour: profit < 0 ? RED : GREEN },
      String(held?.lane.openOrders ?? 0),
      { text: row.engine ?? '–', colour: colourOf(row.engine) },
      { text: row.ledger ?? '–', colour: colourOf(row.ledger) },
      row.simulated,
      held === null || Number(held.lane.position) === 0 ? '–' : held.lane.entryPrice,
      { text: gate ?? '', colour: YELLOW },
    ];
  });
}

/** The lane of a symbol as its newest holder tells it. */
function laneOf(view: RunView, { venue, symbol }: { readonly venue: string; readonly symbol: string }) {
  const units = view.engines
    .flatMap((engine) => engine.units)
    .filter((unit) => unit.unit.endsWith(`/${venue}`))
    .sort((left, right) => right.epoch - left.epoch);
  for (const unit of units) {
    const lane = unit.lanes.find((each) => each.symbol === symbol);
    if (lane !== undefined) return { unit, lane };
  }
  return null;
}

/** A symbol that a lane may change to is watched. */
function stateWithoutLane(
  view: RunView,
  { venue, symbol }: { readonly venue: string; readonly symbol: string },
): string {
  const switches = view.engines
    .flatMap((engine) => engine.units)
    .filter((unit) => unit.unit.endsWith(`/${venue}`))
    .flatMap((unit) => unit.switches ?? []);
  if (switches.length === 0) return 'not leased';
  return switches.find((each) => each.wanted === symbol)?.state ?? 'watched';
}

/** The profit of the day in each currency that lanes settle in: amounts of different currencies are never added. */
function profitText(view: RunView): string {
  const sums = new Map<string, number>();
  for (const row of view.positions) {
    const lane = laneOf(view, row)?.lane;
    if (lane !== undefined) sums.set(lane.profitCurrency, (sums.get(lane.profitCurrency) ?? 0) + lane.dailyProfit);
  }
  if (sums.size === 0) return signed(0, '');
  return [...sums].map(([currency, sum]) => `${signed(sum, currency)} ${currency}`).join(', ');
}

function orderLines({ orders, fills, confirmed }: RunView, columns: number): string[] {
  const strange = orders.rejected > 0 ? YELLOW : '';
  return wrapWords(
    `${BOLD}orders${PLAIN}`,
    [
      `intended ${orders.intended}`,
      `denied ${orders.denied}`,
      `submitted ${orders.submitted}`,
      `filled ${orders.filled}`,
      `canceled ${orders.canceled}`,
      `partly filled ${orders.partlyFilled}`,
      `${strange}rejected ${orders.rejected}${PLAIN}`,
      `open ${orders.unknown}`,
      `confirmed ${confirmed}`,
      `fills ${fills}`,
    ],
    columns,
  );
}

function engineLines(view: RunView, columns: number): string[] {
  const lines = view.engines.flatMap((engine) => {
    const name = `${BOLD}${engine.engine}${PLAIN}`;
    if (engine.feeds.length === 0 && engine.units.length === 0) return [`${name}  ${DIM}stands by${PLAIN}`];
    const { decision, tickToOrder, orderToAck } = engine.latencyUs;
    const shed = engine.accounts.reduce((sum, account) => sum + account.shed, 0);
    return wrapWords(
      name,
      [
        `decision ${microseconds(decision)}`,
        `tick to order ${microseconds(tickToOrder)}`,
        `order to ack ${microseconds(orderToAck)}`,
        `publish lag ${engine.publisher.lagMs.toFixed(0)} ms`,
        ...(engine.publisher.journalBytes > 0
          ? [`${YELLOW}journal ${(engine.publisher.journalBytes / 1e3).toFixed(0)} kB${PLAIN}`]
          : []),
        ...(shed > 0 ? [`${YELLOW}shed ${shed}${PLAIN}`] : []),
        ...(engine.errors + engine.badFrames > 0 ? [`${RED}errors ${engine.errors + engine.badFrames}${PLAIN}`] : []),
        `${(engine.memoryBytes / 1e6).toFixed(0)} MB`,
      ],
      columns,
    );
  });
  if (view.silentEngines > 0) {
    const few = view.phase === 'trading' ? RED : YELLOW;
    lines.push(`${few}${view.silentEngines} engine${view.silentEngines > 1 ? 's' : ''} without an answer${PLAIN}`);
  }
  return lines;
}

/** Median and 99th percentile. */
function microseconds({ count, p50, p99 }: { readonly count: number; readonly p50: number; readonly p99: number }) {
  return count === 0 ? '–' : `${p50.toFixed(0)} / ${p99.toFixed(0)} µs`;
}

function lambdaLines(view: RunView, columns: number): string[] {
  if (view.mappings.length === 0) return [];
  const words = view.mappings.map((each) => {
    const behind =
      each.recordsBehind > 0
        ? `${DIM} (${each.recordsBehind} behind, ${(each.msBehind / 1e3).toFixed(1)} s)${PLAIN}`
        : '';
    const failed = each.functionErrors + each.discarded + each.lost;
    return `${shortName(each.functionName)} ${each.succeeded}${behind}${failed > 0 ? ` ${RED}${failed} failed${PLAIN}` : ''}`;
  });
  return wrapWords(`${BOLD}lambdas${PLAIN}`, words, columns);
}

/** `Millrace-local-Pipeline-PersistFunction8F…` → `Persist`. */
function shortName(functionName: string): string {
  const words = /Pipeline-(?<name>[A-Za-z]+?)(?:Function|Handler)?[0-9A-F]{8}/.exec(functionName);
  return words?.groups?.name ?? functionName;
}

/** Dollars, of whatever issuer, to the cent; what is worth more to the millionth. */
function signed(amount: number, currency: string): string {
  return `${amount >= 0 ? '+' : ''}${amount.toFixed(currency === '' || currency.includes('USD') ? 2 : 6)}`;
}

function formatSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}
