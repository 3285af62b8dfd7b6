import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDesiredStates } from '#aws/desired-state.ts';
import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { mayOpen } from '#core/control/dead-man.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import { emulatedClientSettings } from '#local/aws-environment.ts';
import { type EngineProcess, type EngineProcesses, openEngineProcesses } from '../support/engine-process.ts';

const MINUTES = 60_000;
const VENUE: VenueId = 'bybit-linear';
/** 15 s of standstill, a look of 2 s, and the start of execution and function on a busy machine. */
const BOUND_MS = 30_000;

/** An engine that cannot reach the venue waits so long before it lets its lease go. */
const CUT_OFF_MS = 35_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Entries rest until somebody takes or cancels them. */
function configured(configuration: RuntimeConfiguration): RuntimeConfiguration {
  for (const lane of configuration.lanes) {
    lane.confirm = 'unseen';
    lane.strategy.restMs = 600_000;
    lane.strategy.takeTicks = 8 * lane.strategy.entryTicks;
    lane.strategy.cooldownMs = 200;
    lane.limits.maxDataAgeMs = 500;
  }
  return configuration;
}

describe('M7, H15: an engine without a standby falls silent', () => {
  let world: EngineProcesses;
  let watching: LambdaClient;
  let control: DynamoDBDocumentClient;

  beforeAll(async () => {
    world = await openEngineProcesses({
      name: 'dead-man',
      venues: [{ venue: VENUE, market: { eventsPerSecond: 50 } }],
      configure: configured,
    });
    const settings = emulatedClientSettings(world.emulator.endpoint);
    watching = new LambdaClient(settings);
    control = DynamoDBDocumentClient.from(new DynamoDBClient(settings));
  }, 5 * MINUTES);
  afterAll(async () => {
    watching?.destroy();
    control?.destroy();
    await world?.close();
  }, 2 * MINUTES);

  /** Whatever a test has left. */
  afterEach(async () => {
    await Promise.all(world.engines().map((engine) => engine.kill()));
  }, MINUTES);

  const venue = () => world.venue(VENUE);
  const opening = () => venue().exchange.openOrders(venue().account, null).filter(mayOpen);
  const placed = () => venue().watch.acts.filter((act) => act.kind === 'order' && act.change === 'new').length;
  const wished = () => createDesiredStates(control, world.deployment.output('ControlTable')).read(venue().unit);

  /** An engine whose entry rests in a market that stands still. */
  async function restingEngine(name: string): Promise<{ readonly engine: EngineProcess; readonly epoch: number }> {
    venue().resume();
    await world.wish(VENUE, 'run', 'begin');
    const engine = await world.start(name);
    await world.until('an entry rests', () => opening().length > 0, MINUTES);
    venue().pause();
    await pause(500);
    const unit = (await engine.status())?.units.find((each) => each.unit === venue().unit);
    expect(opening().length).toBeGreaterThan(0);
    return { engine, epoch: unit?.epoch ?? Number.NaN };
  }

  /** What the schedule does each minute; resolves with the milliseconds until nothing that could open a position is left. */
  async function watch(): Promise<number> {
    const watched = watching.send(
      new InvokeCommand({
        FunctionName: world.deployment.output('DeadManFunction'),
        Payload: JSON.stringify({ action: 'watch', forSeconds: 26 }),
      }),
    );
    const tookMs = await world.until('nothing is open', () => opening().length === 0, 2 * BOUND_MS);
    const answer = await watched;
    expect(answer.FunctionError, answer.Payload?.transformToString()).toBeUndefined();
    return tookMs;
  }

  /** The alert of the switch stops the unit: nobody trades it by itself afterwards. */
  const stopped = () => world.until('the unit is stopped', async () => (await wished()).wish === 'stop', MINUTES);

  it(
    'stopped by SIGSTOP: its orders are cancelled within the bound, and when it goes on it places nothing',
    async () => {
      const { engine, epoch } = await restingEngine('a1');
      engine.signal('SIGSTOP');
      expect(await watch()).toBeLessThan(BOUND_MS);
      await stopped();
      const before = placed();
      engine.signal('SIGCONT');
      venue().resume();
      await world.until('it holds the unit again', async () => (await world.trader(VENUE)) === engine, MINUTES);
      await pause(3_000);
      const lanes = (await engine.status())?.units.flatMap((unit) => unit.lanes) ?? [];
      expect(lanes.map((lane) => lane.entriesPaused)).toEqual([expect.stringMatching(/stop/)]);
      expect(placed()).toBe(before);
      const stale = venue()
        .exchange.openOrders(venue().account, null)
        .filter((order) => order.clientOrderId?.startsWith(orderIdPrefix('paper', venue().unit, epoch)));
      expect(stale).toEqual([]);
      await engine.stop();
    },
    4 * MINUTES,
  );

  it(
    'killed: its orders are cancelled within the bound, and its successor obeys the stop until people resume',
    async () => {
      const { engine } = await restingEngine('b1');
      await engine.kill();
      expect(await watch()).toBeLessThan(BOUND_MS);
      await stopped();
      const before = placed();
      venue().resume();
      const successor = await world.start('b2');
      await world.until('a successor holds the unit', async () => (await world.trader(VENUE)) === successor, MINUTES);
      await pause(3_000);
      expect(placed()).toBe(before);
      await world.wish(VENUE, 'run', 'somebody looked');
      await world.until('it trades on', () => placed() > before, MINUTES);
      await successor.stop();
    },
    4 * MINUTES,
  );

  it(
    'cut off from AWS: it stops by itself, its orders are cancelled within the bound, and it places nothing when it is back',
    async () => {
      const { engine } = await restingEngine('c1');
      engine.link('aws', 'cut');
      expect(await watch()).toBeLessThan(BOUND_MS);
      await stopped();
      const before = placed();
      engine.link('aws', 'open');
      venue().resume();
      await world.until('it holds the unit again', async () => (await world.trader(VENUE)) === engine, MINUTES);
      await pause(3_000);
      expect(placed()).toBe(before);
      await engine.stop();
    },
    4 * MINUTES,
  );

  it(
    'cut off from the venue alone: it lets its lease go, and the switch cancels by a way of its own',
    async () => {
      const { engine } = await restingEngine('d1');
      const cutAt = performance.now();
      engine.link('venues', 'cut');
      await world.until('it gives the unit up', async () => (await world.trader(VENUE)) === null, MINUTES);
      await watch();
      expect(performance.now() - cutAt).toBeLessThan(CUT_OFF_MS + BOUND_MS);
      await stopped();
      const before = placed();
      engine.link('venues', 'open');
      venue().resume();
      await world.until('it holds the unit again', async () => (await world.trader(VENUE)) === engine, 2 * MINUTES);
      await pause(3_000);
      expect(placed()).toBe(before);
      await engine.stop();
    },
    5 * MINUTES,
  );
});
