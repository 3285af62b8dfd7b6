import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import {
  createExchangeClock,
  type ExchangeClock,
  type ExchangeClockOptions,
} from '#simulation/exchange/exchange-clock.ts';
import type { MarketSource, SourceStep } from '#simulation/market-sources/market-source.ts';
import { CLOCK_START, COIN } from '../support/scripted-market.ts';
import { until } from '../support/until.ts';

/** Steps at the given offsets, the last one the end. */
function sourceOf(offsets: readonly number[]): MarketSource {
  const steps: SourceStep[] = offsets.map((offsetMs, index) => ({
    offsetMs,
    frame: null,
    changes: index === offsets.length - 1 ? [{ kind: 'end' }] : [{ kind: 'ticker', symbol: COIN.symbol }],
  }));
  return {
    origin: 'recorded',
    next: (untilMs) => ((steps[0]?.offsetMs ?? Number.POSITIVE_INFINITY) <= untilMs ? (steps.shift() ?? null) : null),
    nextDueMs: () => steps[0]?.offsetMs ?? null,
  };
}

function drive(offsets: readonly number[], options: Pick<ExchangeClockOptions, 'speed' | 'ready'>) {
  const source = sourceOf(offsets);
  const exchange = createSimulatedExchange({ instruments: [COIN], source, clockStart: CLOCK_START });
  const times: number[] = [];
  exchange.listen({
    onAccount: () => undefined,
    onMarket(event) {
      if (event.kind === 'ticker') times.push(event.time - CLOCK_START);
    },
  });
  const clock: ExchangeClock = createExchangeClock({ exchange, source, clock: systemClock, ...options });
  onTestFinished(() => clock.stop());
  return { exchange, clock, times, elapsed: () => exchange.now() - CLOCK_START };
}

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('the clock of an exchange', () => {
  it.each([1, 10] as const)('at speed %i lets venue time pass with real time', async (speed) => {
    const { clock, elapsed } = drive([1_000_000], { speed });
    await wait(20);
    expect([clock.state, elapsed()]).toEqual(['idle', 0]);
    const before = performance.now();
    clock.start();
    await until('venue time passes', () => elapsed() >= 60 * speed);
    const real = performance.now() - before;
    expect(real).toBeGreaterThan(59);
    expect(elapsed()).toBeLessThanOrEqual(real * speed);
  });

  it('stands still while it is paused, and does not catch up afterwards', async () => {
    const { clock, elapsed } = drive([1_000_000], { speed: 1 });
    clock.start();
    await until('venue time passes', () => elapsed() > 5);
    clock.pause();
    const paused = elapsed();
    await wait(60);
    expect([clock.state, elapsed()]).toEqual(['paused', paused]);
    clock.resume();
    await until('venue time passes', () => elapsed() > paused);
    expect(elapsed() - paused).toBeLessThan(50);
    clock.stop();
    const stopped = elapsed();
    await wait(20);
    clock.start();
    clock.resume();
    await wait(20);
    expect([clock.state, elapsed()]).toEqual(['stopped', stopped]);
  });

  it('at max goes through hours at once, in order, at the times of the recording', async () => {
    const offsets = [0, 10, 90, 200, 3_600_000, 7_200_000];
    const { clock, times, elapsed } = drive(offsets, { speed: 'max' });
    const before = performance.now();
    clock.start();
    await until('the clock ends', () => clock.ended);
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(times).toEqual(offsets.slice(0, -1));
    // After the end venue time passes with real time.
    const atEnd = elapsed();
    await wait(30);
    expect(elapsed() - atEnd).toBeLessThan(1_000);
    expect(elapsed()).toBeGreaterThan(atEnd);
  });

  it('at max gives the event loop a turn between slices, and waits for who is not ready', async () => {
    const offsets = Array.from({ length: 100 }, (_, index) => index * 40);
    let room = false;
    const { clock, times } = drive(offsets, { speed: 'max', ready: () => room });
    clock.start();
    await wait(20);
    expect(times).toEqual([]);
    room = true;
    let turns = 0;
    const count = (): void => {
      turns += 1;
      if (!clock.ended) setImmediate(count);
    };
    count();
    await until('the clock ends', () => clock.ended);
    expect(turns).toBeGreaterThan(20);
  });
});
