import { VENUES } from '#core/market/instrument.ts';
import type { MarketDataLimits, Venue, VenueSupport } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';

const AMEND = {
  priceAndSize: 'price and size',
  sizeDown: 'a smaller size',
  none: 'no: cancel and place again',
} as const;
const DEAD_MAN = {
  cancelOnDisconnect: 'cancels when the connection goes',
  countdown: 'cancels when the countdown is not renewed',
  none: 'none',
} as const;
const VALIDITY = {
  window: 'signed time and window',
  validUntil: 'a stated time',
  none: 'none: kept by the client alone',
} as const;

function list(values: readonly string[]): string {
  return values.join(', ');
}

/** What a venue supports, row by row. */
const ROWS: readonly (readonly [string, (venue: Venue) => string])[] = [
  ['modes', ({ supports }) => list(supports.modes)],
  ['instruments', ({ supports }) => list(supports.instruments)],
  ['channels', ({ supports }) => list(supports.channels)],
  ['order types', ({ supports }) => list(supports.orderTypes)],
  ['times in force', ({ supports }) => list(supports.timesInForce)],
  ['reduce-only', ({ supports }) => (supports.reduceOnly ? 'yes' : 'no such flag')],
  ['amend in place', ({ supports }) => AMEND[supports.amend]],
  ['order entry', ({ supports }) => supports.orderEntry],
  ['account stream', ({ supports }) => supports.accountStream],
  ['dead-man switch of the venue', ({ supports }) => DEAD_MAN[supports.deadMan]],
  ['an order ends with its lease by', ({ supports }) => VALIDITY[supports.orderValidity]],
  ['book begins with', ({ marketData }) => (marketData.fetchBook === null ? 'the stream' : 'a REST snapshot')],
  ['heartbeat', ({ marketData }) => heartbeat(marketData.heartbeat)],
  ['messages a second, one connection', ({ marketData }) => known(marketData.limits.messagesPerSecond)],
  ['subscriptions, one request', ({ marketData }) => known(marketData.limits.subscriptionsPerRequest)],
  ['subscriptions, one connection', ({ marketData }) => known(marketData.limits.subscriptionsPerConnection)],
  ['new connections, one address', ({ marketData }) => connections(marketData.limits)],
  ['age at which it cuts', ({ marketData }) => hours(marketData.limits.connectionLifeMs)],
  ['second connection while one lives', ({ marketData }) => (marketData.limits.overlap ? 'yes' : 'no: hand over')],
];

function heartbeat(beat: Venue['marketData']['heartbeat']): string {
  return beat === null ? 'the venue’s' : `every ${beat.intervalMs / 1e3} s`;
}

function known(limit: number | null): string {
  return limit === null ? 'not limited' : String(limit);
}

function connections({ connections: limit }: MarketDataLimits): string {
  return limit === null ? 'not limited' : `${limit.count} in ${limit.windowMs / 60_000} min`;
}

function hours(ms: number | null): string {
  return ms === null ? 'never' : `${ms / 3_600_000} h`;
}

function notes({ name, notes: said }: VenueSupport): readonly string[] {
  return said.length === 0 ? [] : ['', `### ${name}`, '', ...said.map((note) => `- ${note}`)];
}

/** `docs/venues.md`: what each venue supports, from what its client says of itself; the contract suite holds the client to it. */
export function venueReference(generated: string): string {
  const all = VENUES.map((id) => venues[id]);
  const lines = [
    '# Venues',
    '',
    generated,
    '',
    `What each client supports, held to it by the contract suite (\`test/contract\`, see [adding-a-venue.md](adding-a-venue.md)).`,
    '',
    `| | ${all.map(({ id, supports }) => `${supports.name} (\`${id}\`)`).join(' | ')} |`,
    `| --- |${' --- |'.repeat(all.length)}`,
    ...ROWS.map(([title, cell]) => `| ${title} | ${all.map(cell).join(' | ')} |`),
    '',
    '## What to know',
    ...all.flatMap(({ supports }) => notes(supports)),
  ];
  return `${lines.join('\n')}\n`;
}
