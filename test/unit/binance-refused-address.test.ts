import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '#core/time/system-clock.ts';
import { createBinanceSpotAccountStream } from '#venues/binance-spot/account-stream.ts';
import { createBinanceUsdmOrderEntry } from '#venues/binance-usdm/trading.ts';
import { addressCircuit } from '#venues/connection/rate-circuit.ts';
import type { AccountRuntime } from '#venues/venue.ts';
import { openSpot } from '../support/binance-spot-world.ts';
import { openBinance } from '../support/binance-usdm-world.ts';
import { until } from '../support/until.ts';

const BAN_MS = 300;

describe('an address that Binance has refused', () => {
  test('F26: a banned address does not come back before the ban is over', async () => {
    const { runtime, server } = await openBinance();
    const dials: number[] = [];
    const counted: AccountRuntime = {
      ...runtime,
      connect: (...dial) => {
        dials.push(performance.now());
        return runtime.connect(...dial);
      },
    };
    const entry = createBinanceUsdmOrderEntry(counted, () => undefined);
    onTestFinished(() => entry.stop());
    entry.start();
    await until('live', () => entry.notReady() === null);
    const banned = performance.now();
    addressCircuit(systemClock, runtime.endpoints.rest).refuse('all', BAN_MS);
    server.faults.arm('connectionLifeEnds');
    await until('cut', () => entry.notReady() !== null);
    expect(await until('waiting', () => entry.notReady()?.match(/budget is used up/)?.[0])).not.toBeUndefined();
    await until('live again', () => entry.notReady() === null);
    expect(dials).toHaveLength(2);
    expect((dials[1] ?? 0) - banned).toBeGreaterThanOrEqual(BAN_MS - 1);
  });

  test('F26: a subscription refused for the rate stops everything else from this address too', async () => {
    const { runtime, server } = await openSpot();
    let armed = false;
    const stream = createBinanceSpotAccountStream(
      {
        ...runtime,
        // The refusal is for what follows the reading of the clock: the subscription.
        fetch: async (...request) => {
          const answer = await runtime.fetch(...request);
          if (!armed && String(request[0]).endsWith('/time')) {
            armed = true;
            server.faults.arm('rateLimited');
          }
          return answer;
        },
      },
      { onReport: () => undefined, onStatus: () => undefined },
    );
    onTestFinished(() => stream.stop());
    stream.start();
    await until('refused', () => stream.status().reason.includes('Too many requests'));
    expect(addressCircuit(systemClock, runtime.endpoints.rest).waitMs('normal')).toBeGreaterThan(0);
  });
});
