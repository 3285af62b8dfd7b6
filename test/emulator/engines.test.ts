import { describe, expect, it } from 'vitest';
import type { UnitId } from '#core/control/unit.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import { emulatorIsInstalled } from '#local/emulator.ts';
import { parseRunArguments } from '#local/start/arguments.ts';
import { type RunControl, run } from '#local/start/run.ts';

const installed = emulatorIsInstalled();
if (!installed)
  process.stderr.write('SKIPPED: three engines: no emulator is installed; run `node local/bootstrap.mjs set-up`\n');

const TAKEOVER_MS = 10_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Which engines say that they may trade a unit now, and under which lease. */
async function tradersOf(control: RunControl, venue: string): Promise<{ readonly engine: string; epoch: number }[]> {
  const engines = await control.engines();
  return engines.flatMap((engine) =>
    engine.units
      .filter((unit) => unit.unit.endsWith(`/${venue}`) && unit.closed === null)
      .map((unit) => ({ engine: engine.engine, epoch: unit.epoch })),
  );
}

interface Takeover {
  readonly unit: UnitId;
  readonly oldEpoch: number;
  readonly tookMs: number;
  readonly from: string;
  readonly to: string;
  /** Orders under the old lease at the venue when the successor traded. */
  readonly oldOrders: number;
}

/** How many orders the venue has of one lease of a unit. */
function ordersUnder(control: RunControl, unit: UnitId, epoch: number): number {
  const prefix = orderIdPrefix('paper', unit, epoch);
  return control.venueOrders().filter((id) => id.startsWith(prefix)).length;
}

/** Strikes the engine that trades a venue, and waits until another trades it. */
async function strike(control: RunControl, venue: string, signal: NodeJS.Signals): Promise<Takeover> {
  let [victim] = await tradersOf(control, venue);
  while (victim === undefined) {
    await pause(50);
    [victim] = await tradersOf(control, venue);
  }
  const { engine: from, epoch: oldEpoch } = victim;
  const unit = `paper/main/${venue}` as UnitId;
  control.kill(from, signal);
  const struckAt = performance.now();
  for (;;) {
    const successor = (await tradersOf(control, venue)).find((each) => each.epoch > oldEpoch);
    if (successor !== undefined) {
      const tookMs = performance.now() - struckAt;
      return { unit, oldEpoch, tookMs, from, to: successor.engine, oldOrders: ordersUnder(control, unit, oldEpoch) };
    }
    if (performance.now() - struckAt > 3 * TAKEOVER_MS) throw new Error(`nobody took ${venue} over from ${from}`);
    await pause(50);
  }
}

const of = <Type extends TradingEvent['type']>(events: readonly TradingEvent[], type: Type) =>
  events.filter((event): event is Extract<TradingEvent, { type: Type }> => event.type === type);

describe.skipIf(!installed && process.env.CI !== 'true')('three engines', () => {
  it('R8, M2, G10, G11: one is killed and one is stopped and goes on, under load: each is taken over within 10 s, nothing is held twice, a stale holder orders nothing, gaps are declared', async () => {
    const printed: string[] = [];
    const output = { isTTY: false, rows: 50, columns: 200, write: (text: string) => printed.push(text) > 0 };
    const venues = ['binance-usdm', 'bybit-linear'];
    const takeovers: Takeover[] = [];
    const held: string[] = [];
    let oldOrdersAtTheEnd = Number.NaN;
    let events: readonly TradingEvent[] = [];
    let script: Promise<void> = Promise.resolve();
    const controller = new AbortController();
    const { summary, differences } = await run(
      parseRunArguments(['--seconds', '75', '--engines', '3', '--venues', venues.join(','), '--seed', '14']),
      controller.signal,
      {
        output,
        onTrading: (control) => {
          events = control.events;
          script = (async () => {
            while (
              (await tradersOf(control, 'binance-usdm')).length + (await tradersOf(control, 'bybit-linear')).length <
              2
            )
              await pause(50);
            // Two of three hold a venue each.
            held.push(...(await control.engines()).map((engine) => String(engine.leases?.held.length)).sort());
            await pause(3_000);
            takeovers.push(await strike(control, 'binance-usdm', 'SIGKILL'));
            await pause(2_000);
            const stopped = await strike(control, 'bybit-linear', 'SIGSTOP');
            takeovers.push(stopped);
            await pause(1_000);
            control.kill(stopped.from, 'SIGCONT');
            await pause(5_000);
            oldOrdersAtTheEnd = ordersUnder(control, stopped.unit, stopped.oldEpoch);
          })().finally(() => controller.abort());
        },
      },
    );
    await script;
    const told = [...differences, ...printed.slice(-12)].join('\n');
    const broken = Object.entries(summary?.invariants ?? { ended: false }).filter(([, holds]) => !holds);
    expect(broken, told).toEqual([]);

    expect(held).toEqual(['0', '1', '1']);
    expect(takeovers).toHaveLength(2);
    for (const each of takeovers) {
      expect(each.tookMs, JSON.stringify(each)).toBeLessThan(TAKEOVER_MS);
      expect(each.to).not.toBe(each.from);
    }
    // By the venue's own list: the one that was stopped has placed nothing since another traded.
    expect(oldOrdersAtTheEnd).toBe(takeovers[1]?.oldOrders);
    // By the history of leases: one holder for each epoch, and no decision under an epoch once there is a later one.
    for (const venue of venues) {
      const unit = `paper/main/${venue}`;
      const acquired = of(events, 'lease').filter((event) => event.unit === unit && event.body.change === 'acquired');
      const epochs = acquired.map((event) => event.epoch);
      expect(new Set(epochs).size).toBe(epochs.length);
      expect(acquired.length).toBeGreaterThanOrEqual(2);
      for (const later of acquired) {
        const stale = of(events, 'order.intended').filter(
          (event) => event.unit === unit && event.epoch < later.epoch && event.time > later.time,
        );
        expect(stale, `orders of ${unit} under an older lease than ${later.epoch}`).toEqual([]);
      }
      expect(
        of(events, 'feed.gap').some((event) => event.venue === venue && /taken over/.test(event.body.reason)),
      ).toBe(true);
    }
  }, 150_000);
});
