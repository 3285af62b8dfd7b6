import type { MappingStats } from '../event-source-poller/poller-stats.ts';
import type { EngineStatus } from './engine-status.ts';
import type { OrderCounts } from './order-counts.ts';

/** Position of one symbol in the three places that hold one, as decimal text; null: not known yet. */
export interface PositionRow {
  readonly venue: string;
  readonly symbol: string;
  readonly engine: string | null;
  readonly ledger: string | null;
  readonly simulated: string;
}

/** Everything the view shows at one moment. */
export interface RunView {
  readonly phase: string;
  readonly elapsedSeconds: number;
  readonly secondsLeft: number | null;
  readonly engines: readonly EngineStatus[];
  /** Engines that do not answer. */
  readonly silentEngines: number;
  /** Frames sent by venue, from the venue's own account. */
  readonly sent: Readonly<Record<string, number>>;
  readonly orders: OrderCounts;
  readonly fills: number;
  readonly confirmed: number;
  readonly positions: readonly PositionRow[];
  readonly mappings: readonly MappingStats[];
  readonly notes: readonly string[];
}

const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';
const GREEN = '\u001b[32m';
const YELLOW = '\u001b[33m';
const RED = '\u001b[31m';
const PLAIN = '\u001b[0m';

/** Rates need two looks: this remembers the last one. */
export function createViewRenderer(): (view: RunView) => string[] {
  let last: { at: number; frames: number } | null = null;
  return (view) => {
    const frames = view.engines
      .flatMap((engine) => engine.accounts)
      .reduce((sum, account) => sum + (account.venue === 'engine' ? 0 : account.received), 0);
    const now = performance.now();
    const rate = last === null || now === last.at ? 0 : Math.max(0, ((frames - last.frames) / (now - last.at)) * 1e3);
    last = { at: now, frames };
    const left = view.secondsLeft === null ? 'Ctrl-C ends it' : `${Math.max(0, Math.ceil(view.secondsLeft))} s left`;
    return [
      `${BOLD}Millrace${PLAIN}  ${view.phase}  ${DIM}${formatSeconds(view.elapsedSeconds)}, ${left}${PLAIN}`,
      '',
      ...feedLines(view, rate),
      '',
      ...laneLines(view),
      '',
      ...orderLines(view),
      '',
      ...positionLines(view),
      '',
      ...pipelineLines(view),
      '',
      ...view.notes.slice(-6).map((note) => `${DIM}${note}${PLAIN}`),
    ];
  };
}

function feedLines(view: RunView, rate: number): string[] {
  const lines = [`${BOLD}feeds${PLAIN}  ${rate.toFixed(0)} frames/s`];
  for (const engine of view.engines) {
    for (const feed of engine.feeds) {
      for (const book of feed.books) {
        const top = book.valid
          ? `${book.bidSize} × ${book.bidPrice} | ${book.askPrice} × ${book.askSize}`
          : `${YELLOW}no valid book${PLAIN}`;
        lines.push(
          `  ${cell(feed.venue, 14)}${cell(book.symbol, 12)}${cell(top, 44)}${DIM}${book.messages} changes, ${book.gaps} gaps${PLAIN}`,
        );
      }
      for (const { name, status } of feed.connections) {
        if (status.state !== 'live') lines.push(`  ${YELLOW}${name}: ${status.state} (${status.reason})${PLAIN}`);
      }
    }
    if (engine.feeds.length === 0) lines.push(`  ${DIM}${engine.engine} stands by${PLAIN}`);
  }
  if (view.silentEngines > 0) lines.push(`  ${RED}${view.silentEngines} engine(s) do not answer${PLAIN}`);
  return lines;
}

function laneLines(view: RunView): string[] {
  const lines = [`${BOLD}lanes${PLAIN}`];
  for (const engine of view.engines) {
    for (const unit of engine.units) {
      for (const lane of unit.lanes) {
        const gate = unit.closed ?? unit.fence ?? lane.entriesPaused;
        const state = gate === null ? `${GREEN}${lane.state}${PLAIN}` : `${YELLOW}${lane.state} (${gate})${PLAIN}`;
        const profit = `${lane.dailyProfit >= 0 ? '+' : ''}${lane.dailyProfit.toFixed(2)}`;
        lines.push(
          `  ${cell(lane.lane, 24)}${cell(`P&L ${profit}`, 18)}${cell(`orders ${lane.openOrders}`, 12)}${state}`,
        );
      }
    }
  }
  return lines;
}

function orderLines({ orders, fills, confirmed }: RunView): string[] {
  const counts = `intended ${orders.intended}  denied ${orders.denied}  submitted ${orders.submitted}  filled ${orders.filled}  partly ${orders.partlyFilled}  canceled ${orders.canceled}  rejected ${orders.rejected}  unknown ${orders.unknown}`;
  return [
    `${BOLD}orders${PLAIN}  ${counts}`,
    `        ended ${orders.terminal}  confirmed ${confirmed}  fills ${fills}`,
  ];
}

function positionLines(view: RunView): string[] {
  const lines = [`${BOLD}positions${PLAIN}  ${DIM}engine / ledger / venue${PLAIN}`];
  for (const row of view.positions) {
    const agree = row.engine === row.simulated && row.ledger === row.simulated;
    const text = `${row.engine ?? '–'} / ${row.ledger ?? '–'} / ${row.simulated}`;
    lines.push(`  ${cell(row.venue, 14)}${cell(row.symbol, 12)}${agree ? GREEN : YELLOW}${text}${PLAIN}`);
  }
  return lines;
}

function pipelineLines(view: RunView): string[] {
  const lines: string[] = [];
  for (const engine of view.engines) {
    if (engine.feeds.length === 0) continue;
    const { decision, tickToOrder } = engine.latencyUs;
    lines.push(
      `${BOLD}${engine.engine}${PLAIN}  decision p50 ${decision.p50.toFixed(0)} µs p99 ${decision.p99.toFixed(0)} µs  tick to order p50 ${tickToOrder.p50.toFixed(0)} µs p99 ${tickToOrder.p99.toFixed(0)} µs  publish lag ${engine.publisher.lagMs.toFixed(0)} ms  ${(engine.memoryBytes / 1e6).toFixed(0)} MB`,
    );
  }
  const busy = view.mappings.map((each) => {
    const trouble =
      each.functionErrors + each.discarded + each.lost > 0 ? ` ${RED}${each.functionErrors} errors${PLAIN}` : '';
    return `${shortName(each.functionName)} ${each.succeeded}${each.recordsBehind > 0 ? `${DIM} (${each.recordsBehind} behind, ${(each.msBehind / 1e3).toFixed(1)} s)${PLAIN}` : ''}${trouble}`;
  });
  lines.push(`${BOLD}lambdas${PLAIN}  ${busy.join('  ')}`);
  return lines;
}

/** `Millrace-local-Pipeline-PersistFunction8F…` → `Persist`. */
function shortName(functionName: string): string {
  const words = /Pipeline-(?<name>[A-Za-z]+?)(?:Function|Handler)?[0-9A-F]{8}/.exec(functionName);
  return words?.groups?.name ?? functionName;
}

function cell(text: string, width: number): string {
  return text.length >= width ? `${text} ` : text.padEnd(width);
}

function formatSeconds(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
}

/** Draws lines over the ones before on a terminal; elsewhere prints one plain line each ten seconds. */
export interface Screen {
  /** A step of the set-up or an event worth a line of its own. */
  line(text: string): void;
  draw(lines: readonly string[], plain: string): void;
  /** Leaves what stands there and goes on below it. */
  end(): void;
}

const PLAIN_EVERY_MS = 5_000;

export function createScreen(output: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'rows' | 'columns'>): Screen {
  const terminal = output.isTTY === true;
  let drawn = 0;
  let lastPlain = Number.NEGATIVE_INFINITY;
  const erase = () => {
    if (drawn > 0) output.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  };
  return {
    line(text) {
      if (terminal) erase();
      output.write(`${text}\n`);
    },
    draw(lines, plain) {
      if (!terminal) {
        if (performance.now() - lastPlain < PLAIN_EVERY_MS) return;
        lastPlain = performance.now();
        output.write(`${plain}\n`);
        return;
      }
      erase();
      const shown = lines.slice(0, Math.max(1, (output.rows ?? 50) - 1));
      output.write(`${shown.map((line) => clip(line, output.columns ?? 120)).join('\n')}\n`);
      drawn = shown.length;
    },
    end() {
      drawn = 0;
    },
  };
}

const COLOUR = new RegExp(`${'\u001b'}\\[[0-9;]*m`, 'y');

/** Cuts a line at `width` visible characters; colour codes count nothing. */
function clip(line: string, width: number): string {
  let visible = 0;
  for (let index = 0; index < line.length; ) {
    COLOUR.lastIndex = index;
    const colour = COLOUR.exec(line);
    if (colour !== null) {
      index += colour[0].length;
      continue;
    }
    visible += 1;
    if (visible >= width) return `${line.slice(0, index)}${PLAIN}`;
    index += 1;
  }
  return line;
}
