import { afterEach, describe, expect, it } from 'vitest';
import { verdictOf } from '#core/confirmation/venue-verdict.ts';
import { VENUES } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import { venues } from '#venues/venues.ts';
import { buildQuery } from '../support/confirmation-builder.ts';
import { type EngineWorld, openEngineWorld } from '../support/engine-world.ts';

let world: EngineWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

describe.each(VENUES)('the ends of orders on the simulated %s', (venue) => {
  it('H3, M1: are proven once more by the questions of a confirmation, which knows nothing of the engine', async () => {
    const startedAt = systemClock.epochMs();
    world = await openEngineWorld({ venue });
    const here = world;
    const ended = () => here.publisher.told('order.state').filter((event) => event.body.terminal);
    await here.until('five orders have ended', () => ended().length >= 5, 25_000);
    await here.until('one has filled', () => ended().some((event) => event.body.to === 'Filled'), 25_000);
    await here.engine.stop('test ends', 5_000);
    const queries = venues[venue].createQueries({
      endpoints: here.venue.urls,
      clock: systemClock,
      timers: systemTimers,
      random: { next: Math.random },
      connect: () => {
        throw new Error('a confirmation opens no socket');
      },
      fetch: createSecureFetch({ insecureAllowed: true }),
      log: () => undefined,
      account: { account: 'main', mode: 'paper' },
      credentials: () => here.venueKeys,
    });
    const fills = await queries.fillsSince(here.symbol, (startedAt - 60_000) as EpochMs);
    const openOrders = await queries.openOrders(here.symbol);
    for (const { body } of ended()) {
      const answer = await queries.orderByClientId(here.symbol, body.clientOrderId);
      const order = answer.kind === 'found' ? answer.report : null;
      const isOurs = (each: { clientOrderId: string | null; venueOrderId: string }) =>
        each.clientOrderId === body.clientOrderId || each.venueOrderId === order?.venueOrderId;
      const verdict = verdictOf(
        buildQuery({ order, listedOpen: openOrders.some(isOurs), fills: fills.filter(isOurs) }),
      );
      if (order === null) expect(body.to).toBe('Rejected');
      else
        expect(verdict, JSON.stringify({ order, body })).toMatchObject({
          kind: 'ended',
          state: body.to,
          cumulativeSize: expect.anything(),
        });
    }
  }, 60_000);
});
