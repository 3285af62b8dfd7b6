import { afterEach, describe, expect, it } from 'vitest';
import type { Lane } from '#core/lanes/lane.ts';
import { type Instrument, VENUES, type VenueId } from '#core/market/instrument.ts';
import { comparisonCost } from '#core/reconciliation/comparison-budget.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { askForVerifications } from '#engine/venue-questions.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { venues } from '#venues/venues.ts';
import { loopbackRuntime } from '../support/loopback-runtime.ts';

const KEYS = { key: 'test-key', secret: 'test-secret-of-some-length' };
const FEW = 5;
const MANY = 14;

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

/** So many instruments like the venue's own first one. */
function instrumentsOf(venue: VenueId, count: number): Instrument[] {
  const [first] = builtInInstruments(venue).filter((each) => each.tradable);
  if (first === undefined) throw new Error(`${venue} has no instrument`);
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return first;
    const base = `A${String.fromCharCode(65 + index)}`;
    return { ...first, baseCurrency: base, symbol: symbolLike(first, base) };
  });
}

/** Deribit files all its linear contracts under one currency. */
function symbolLike({ venue, symbol }: Instrument, base: string): string {
  return venue === 'deribit' ? `${base}_USDC-PERPETUAL` : symbol.replace(/^(BTC|SPY)/, base);
}

/** What one comparison of so many lanes costs at a simulated venue, by the venue's own count. */
async function costOf(venue: VenueId, count: number): Promise<number> {
  const instruments = instrumentsOf(venue, count);
  const exchange = createSimulatedExchange({
    instruments,
    source: { origin: 'generated', next: () => null, nextDueMs: () => null },
    clockStart: systemClock.epochMs(),
  });
  exchange.openAccount('main', new Map([['USDT', '100000']]), 10);
  const server = await VENUE_SERVERS[venue].create({
    exchange,
    keys: createApiKeyRing([{ ...KEYS, accountId: 'main' }]),
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
  });
  ending.push(() => server.close());
  let counted = 0;
  let usedBefore = 0;
  const fetch = createSecureFetch({ insecureAllowed: true });
  const runtime = loopbackRuntime(server.urls, {
    credentials: () => KEYS,
    instruments: () => new Map(instruments.map((each) => [each.symbol, each])),
    fetch: async (...request) => {
      const answer = await fetch(...request);
      const used = answer.headers.get('x-mbx-used-weight-1m');
      // The venue's count begins anew with each minute.
      if (used !== null) counted += Number(used) >= usedBefore ? Number(used) - usedBefore : Number(used);
      else counted += venue === 'deribit' ? 500 : 1;
      usedBefore = Number(used ?? 0);
      return answer;
    },
  });
  const queries = venues[venue].createQueries(runtime);
  const lanes = instruments.map((instrument) => ({
    symbol: instrument.symbol,
    instrument,
    configuration: { reservedSize: '0' },
    orders: { find: () => null },
  })) as unknown as readonly Lane[];
  const ask = async () => {
    const fillsFrom = (systemClock.epochMs() - 300_000) as EpochMs;
    const questions = lanes.map((lane) => ({ lane, activity: 0, fillsFrom }));
    return Promise.all(askForVerifications(queries, questions, systemClock));
  };
  // The first questions read the venue's clock.
  await ask();
  counted = 0;
  const answers = await ask();
  expect(answers.map(({ kind }) => kind)).toEqual(lanes.map(() => 'complete'));
  return counted;
}

describe('what a comparison costs at each venue', () => {
  it.each(VENUES)('F26, H2: on %s no more than the plan counts on, for 1, 5 and 14 lanes', async (venue) => {
    const { standing, fillsOfOne } = comparisonCost(venue);
    const measured = [await costOf(venue, 1), await costOf(venue, FEW), await costOf(venue, MANY)];
    const planned = [1, FEW, MANY].map((lanes) => standing(lanes) + lanes * fillsOfOne);
    for (const [index, cost] of measured.entries()) expect(cost).toBeLessThanOrEqual(planned[index] ?? 0);
    // Where the venue counts weight, the plan is exact.
    if (fillsOfOne > 0) expect(measured).toEqual(planned);
  });
});
