import { LIMITS, MEASURED } from './measured.ts';
import { type Cost, costOf, type Load, type Plan, planFor } from './plan.ts';
import { PRICES, PRICES_OF } from './prices.ts';

/** The loads that the document speaks of. */
const LOADS: readonly Load[] = [
  { messagesPerSecond: 10_000, ordersPerDay: 10_000 },
  { messagesPerSecond: 100_000, ordersPerDay: 100_000 },
  { messagesPerSecond: 1_000_000, ordersPerDay: 1_000_000 },
];

const count = (value: number) => Math.round(value).toLocaleString('en-US');
const decimal = (value: number) => (value < 10 ? value.toFixed(1) : count(value));
const dollars = (value: number) => `${count(value)} $`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

const PLAN_ROWS: readonly (readonly [string, (plan: Plan) => string])[] = [
  ['symbols', (plan) => count(plan.symbols)],
  ['market connections', (plan) => count(plan.connections)],
  ['engines at work', (plan) => count(plan.engines)],
  ['engines standing by', (plan) => count(plan.standbys)],
  ['CPU cores that they use', (plan) => decimal(plan.cores)],
  ['MB/s on the `market` stream', (plan) => decimal(plan.streamMegabytesPerSecond)],
  ['records/s', (plan) => count(plan.recordsPerSecond)],
  ['shards of `market`', (plan) => count(plan.shards)],
  ['Lambdas at a time (`distribute`, `archive`)', (plan) => count(plan.lambdas)],
  ['received, GB a month', (plan) => count(plan.receivedGigabytesPerMonth)],
  ['archived, GB a month', (plan) => count(plan.archivedGigabytesPerMonth)],
];

const COST_ROWS: readonly (readonly [string, (cost: Cost) => number])[] = [
  ['engines (Fargate)', (cost) => cost.engines],
  ['gateways and what goes through them', (cost) => cost.network],
  ['`market` stream, kept beyond a day', (cost) => cost.streams],
  ['Lambdas', (cost) => cost.lambdas],
  ['archive, its first month', (cost) => cost.archive],
  ['ledger', (cost) => cost.ledger],
  ['**together**', (cost) => cost.total],
];

/** `docs/scale.md`. */
export function scaleReference(generated: string): string {
  const plans = LOADS.map(planFor);
  const costs = LOADS.map((load, index) => costOf(load, plans[index] ?? planFor(load)));
  const head = LOADS.map((load) => `${count(load.messagesPerSecond)} messages/s`);
  return `${[
    '# Scale',
    '',
    generated,
    '',
    'How much of each part carries how much, computed from what one part was measured to carry (`src/research/scale`). `npm run scale -- --rate 50000 --orders 20000` computes another load.',
    'Beyond 10,000 messages a second this is arithmetic: more than three engines at once were never run.',
    '',
    ...table(
      ['what', ...head],
      PLAN_ROWS.map(([name, of]) => [name, ...plans.map(of)]),
    ),
    '',
    `Shards are planned with ${LIMITS.headroom * 100} % of what one takes. A record's key is its connection, or one of several of it (\`formats.md\`, "Keys"): no key may exceed a shard.`,
    'An engine holds whole feeds. One venue with more than an engine carries is split into several feeds with names of their own; all lanes of an account on that venue lie in one of them.',
    'The `trading` stream has its own shards: one carries 1,000 records a second, and a record up to 32 events.',
    '',
    '## What it costs',
    '',
    `US dollars a month, at that load all day and night, prices of ${PRICES_OF} in us-east-1 **from memory** (the pages are below; check them before you rely on a sum). Without what grows slowly: logs, alarms, order confirmation (\`deploying.md\`), transfer between regions.`,
    '',
    ...table(
      [
        'for',
        ...LOADS.map((load) => `${count(load.messagesPerSecond)} messages/s, ${count(load.ordersPerDay)} orders/day`),
      ],
      COST_ROWS.map(([name, of]) => [name, ...costs.map((cost) => dollars(of(cost)))]),
    ),
    '',
    'The gateways cost most, since all that venues send comes through them. An endpoint of its own for Kinesis (`network.kinesisEndpoint`) takes the stream out of that; tasks with public addresses would take out the rest, and with it the one known outgoing address that venue keys are bound to.',
    '',
    '## What it rests on',
    '',
    ...table(
      ['figure', 'value'],
      Object.entries(MEASURED).map(([name, value]) => [`\`${name}\``, count(value)]),
    ),
    '',
    'Units and sources, and which of them are assumptions, stand beside each in `src/research/scale/measured.ts`.',
    '',
    '## Prices',
    '',
    ...table(
      ['price', 'for', 'where it is said'],
      Object.values(PRICES).map((price) => [`${price.dollars} $`, price.per, price.page]),
    ),
  ].join('\n')}\n`;
}

/** The plan and cost of one load, a line each. */
export function scaleLines(load: Load): readonly string[] {
  const plan = planFor(load);
  const cost = costOf(load, plan);
  const rows = [
    ...PLAN_ROWS.map(([name, of]) => [name, of(plan)] as const),
    ...COST_ROWS.map(([name, of]) => [`a month: ${name.replaceAll('*', '')}`, dollars(of(cost))] as const),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
