import { messageOf } from '#core/errors.ts';
import { parseRunArguments, type RunArguments } from './arguments.ts';
import { run } from './run.ts';
import type { RunSummary } from './summary.ts';

const stopping = new AbortController();
let asked = 0;
let askedAt = Number.NEGATIVE_INFINITY;
/** A terminal's Ctrl-C reaches a process by more than one way: what comes within this counts as one, ms. */
const ONE_WISH_MS = 1_000;
function onSignal(signal: string): void {
  if (performance.now() - askedAt < ONE_WISH_MS) return;
  askedAt = performance.now();
  asked += 1;
  if (asked === 1) process.stderr.write(`\n${signal}: ending in order; once more ends at once\n`);
  stopping.abort();
  if (asked > 1) process.exit(130);
}
process.on('SIGINT', () => onSignal('SIGINT'));
process.on('SIGTERM', () => onSignal('SIGTERM'));

try {
  const args: RunArguments = parseRunArguments(process.argv.slice(2));
  const { summary, differences } = await run(args, stopping.signal);
  if (summary === null) process.exit(asked > 0 ? 130 : 1);
  report(summary, differences);
  process.exit(Object.values(summary.invariants).every(Boolean) ? 0 : 1);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(asked > 0 ? 130 : 2);
}

function report(summary: RunSummary, differences: readonly string[]): void {
  const lines = [
    '',
    `${summary.seconds} s of trading`,
    ...Object.entries(summary.frames).map(
      ([venue, each]) =>
        `frames ${venue}: sent ${each.sent}, received ${each.received}, published ${each.published}, shed ${each.shed}, archived ${each.archived}, gaps ${each.gaps}`,
    ),
    `orders: ${Object.entries(summary.orders)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}`,
    `fills: ${summary.fills}, takeovers ${summary.takeovers}, errors ${summary.errors}`,
    ...summary.positions.map(
      (row) =>
        `position ${row.venue} ${row.symbol}: engine ${row.engine ?? '–'}, ledger ${row.ledger ?? '–'}, venue ${row.simulated}`,
    ),
    `decision p50 ${summary.latencyUs.decision.p50} µs, p99 ${summary.latencyUs.decision.p99} µs; tick to order p50 ${summary.latencyUs.tickToOrder.p50} µs, p99 ${summary.latencyUs.tickToOrder.p99} µs`,
    ...Object.entries(summary.invariants).map(([name, held]) => `${held ? 'held    ' : 'BROKEN  '} ${name}`),
    ...differences,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
