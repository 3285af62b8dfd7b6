import { describe, expect, it } from 'vitest';
import type { DesiredState } from '#core/control/desired-state.ts';
import type { OrderDecision } from '#core/control/order-decision.ts';
import type { Resolution } from '#core/lanes/lane-effects.ts';
import type { OrderIntent } from '#core/orders/order.ts';
import { ESCALATED_AGAIN_MS, ESCALATIONS, escalationOf } from '#core/orders/order-inquiry.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { LaneWorld } from '../support/lane-world.ts';

const UNANSWERED: Resolution = { kind: 'failed', reason: 'TIMEOUT no answer' };

/** A lane whose entry nobody can say anything of. */
function unknownEntry(): { world: LaneWorld; entry: OrderIntent } {
  const world = new LaneWorld();
  const entry = world.enter();
  const unclear = { kind: 'unknown', cause: 'timeout', code: '', text: 'no answer' } as const;
  world.lane.onAnswer(entry.clientOrderId, 'place', unclear, world.now());
  world.collect();
  expect(world.lane.orders.get(entry.clientOrderId)?.state).toBe('Unknown');
  return { world, entry };
}

function decision(world: LaneWorld, entry: OrderIntent, changes: Partial<OrderDecision> = {}): OrderDecision {
  const { clientOrderId } = entry;
  const at = world.now().epoch;
  return { id: `d-${at}`, clientOrderId, outcome: 'Canceled', who: 'Ada', note: 'order history', at, ...changes };
}

function wish(world: LaneWorld, version: number, decisions: readonly OrderDecision[], changes = {}): void {
  const plain: DesiredState = { version, wish: 'run', frozenSymbols: [], reason: 'go', by: 'me' };
  world.lane.onDesired({ ...plain, wishVersion: 0, decisions, ...changes }, world.now());
  world.collect();
}

const alerts = (world: LaneWorld, code: string) => world.told('alert').filter((alert) => alert.code === code);
const stateOf = (world: LaneWorld, { clientOrderId }: OrderIntent) => world.lane.orders.get(clientOrderId)?.state;

describe('an order that nobody can prove', () => {
  it('H3: what a person found ends it, with the person as evidence, and the lane goes on', () => {
    const { world, entry } = unknownEntry();
    world.pass(5_000);
    wish(world, 1, [decision(world, entry)]);
    expect(world.told('order.state').at(-1)).toMatchObject({
      from: 'Unknown',
      to: 'Canceled',
      terminal: true,
      evidence: [{ kind: 'person', who: 'Ada', note: 'order history' }],
    });
    expect(world.lane.state).toBe('Idle');
    expect(alerts(world, 'DECISION_REFUSED')).toEqual([]);
  });

  it('H7: what people say of an end leaves open what was executed: no entry before the position has been compared with the venue’s', () => {
    const { world, entry } = unknownEntry();
    world.pass(5_000);
    world.verify(0);
    wish(world, 1, [decision(world, entry)]);
    const asked = world.verifies;
    world.pass(1_100);
    expect(world.verifies).toBe(asked + 1);
    for (let count = 0; count < 10; count += 1) world.tick(1);
    expect(world.placed).toHaveLength(1);
    world.verify(0, [], [world.fillReport(entry, 4)]);
    for (let count = 0; count < 10; count += 1) world.tick(1);
    expect(world.placed.filter((intent) => intent.purpose === 'entry')).toHaveLength(1);

    const other = unknownEntry();
    other.world.pass(5_000);
    wish(other.world, 1, [decision(other.world, other.entry)]);
    other.world.verify(0);
    other.world.enter();
    expect(other.world.placed).toHaveLength(2);
  });

  it('H3: the same decision, which comes with every wish, is taken once', () => {
    const { world, entry } = unknownEntry();
    world.pass(5_000);
    const decided = decision(world, entry);
    for (const version of [1, 2, 3]) wish(world, version, [decided]);
    expect(world.told('order.state').filter((change) => change.to === 'Canceled')).toHaveLength(1);
    expect(alerts(world, 'DECISION_REFUSED')).toEqual([]);
  });

  it('H3: a decision on an order that is known is refused and told, and changes nothing', () => {
    const world = new LaneWorld();
    const entry = world.enter();
    world.accept(entry);
    wish(world, 1, [decision(world, entry)]);
    expect(stateOf(world, entry)).toBe('Accepted');
    expect(alerts(world, 'DECISION_REFUSED').map((alert) => alert.text)).toEqual([
      expect.stringContaining('it is Accepted: nothing is changed'),
    ]);
  });

  it('H3: a word of the venue that contradicts the person leads to Unknown again, told at once, and the old decision does not count for it', () => {
    const { world, entry } = unknownEntry();
    world.pass(5_000);
    const decided = decision(world, entry);
    wish(world, 1, [decided]);
    world.pass(1_000);
    world.report(entry, 'accepted', 0);
    expect(stateOf(world, entry)).toBe('Unknown');
    expect(alerts(world, 'END_CONTRADICTED')).toHaveLength(1);
    const before = world.placed.length;
    wish(world, 2, [decided, { ...decided, id: 'again' }]);
    expect(stateOf(world, entry)).toBe('Unknown');
    expect(alerts(world, 'DECISION_REFUSED').map((alert) => alert.text)).toEqual([
      expect.stringContaining('became Unknown only after that'),
    ]);
    for (let count = 0; count < 10; count += 1) world.tick(1);
    expect(world.placed.filter((intent) => intent.purpose === 'entry')).toHaveLength(before);
  });

  it('H3: a fill, a list of open orders, and a full fill contradict a person as well', () => {
    const contradictions: ((world: LaneWorld, entry: OrderIntent) => void)[] = [
      (world, entry) => world.fill(entry, 3),
      (world, entry) => world.fill(entry, entry.size),
      (world, entry) => {
        world.pass(3_000);
        const report = {
          kind: 'orderReport',
          source: 'query',
          symbol: 'BTCUSDT',
          clientOrderId: entry.clientOrderId,
          venueOrderId: 'v-1',
          status: 'accepted',
          side: entry.side,
          price: '60000',
          size: '0.01',
          cumulativeSize: '0',
          reduceOnly: false,
          reason: '',
          venueTime: 2 as EpochMs,
        } as const;
        world.verify(0, [report]);
      },
    ];
    for (const contradict of contradictions) {
      const { world, entry } = unknownEntry();
      world.pass(5_000);
      wish(world, 1, [decision(world, entry)]);
      expect(stateOf(world, entry)).toBe('Canceled');
      contradict(world, entry);
      expect(alerts(world, 'END_CONTRADICTED')).toHaveLength(1);
    }
  });

  it('H3: people are told after 10 s, after 30 s and every five minutes, with what was asked and answered, and when it is over', () => {
    const { world, entry } = unknownEntry();
    const severities = () => alerts(world, 'ORDER_UNKNOWN').map((alert) => alert.severity);
    const pass = (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        world.pass(1_000);
        world.lane.onResolution(entry.clientOrderId, UNANSWERED, world.now());
        world.collect();
      }
    };
    pass(9);
    expect(severities()).toEqual([]);
    pass(2);
    expect(severities()).toEqual(['warning']);
    pass(20);
    expect(severities()).toEqual(['warning', 'critical']);
    pass(298);
    expect(severities()).toHaveLength(2);
    pass(2);
    expect(severities()).toEqual(['warning', 'critical', 'critical']);
    const last = alerts(world, 'ORDER_UNKNOWN').at(-1);
    expect(last?.text).toMatch(
      /asked \d+ times, 0 times nothing was found, \d+ times without an answer \(last: TIMEOUT/,
    );
    expect(new Set(alerts(world, 'ORDER_UNKNOWN').map((alert) => alert.dedupeKey)).size).toBe(3);
    world.report(entry, 'canceled', 0, 'query');
    expect(alerts(world, 'ORDER_RESOLVED').map((alert) => alert.text)).toEqual([
      expect.stringMatching(/is Canceled \(query\), after 33\d s/),
    ]);
  });

  it('H3: what is known again within 10 s is nobody’s business', () => {
    const { world, entry } = unknownEntry();
    world.pass(8_000);
    world.report(entry, 'canceled', 0, 'query');
    expect(world.told('alert')).toEqual([]);
  });

  it('H3: the times at which people are told stand in one table and go on for ever', () => {
    expect(ESCALATIONS.map((row) => row.afterMs)).toEqual([10_000, 30_000]);
    expect([2, 3, 12].map((n) => escalationOf(n))).toEqual(
      [1, 2, 11].map((times) => ({ severity: 'critical', afterMs: 30_000 + times * ESCALATED_AGAIN_MS })),
    );
  });
});

describe('a lane that halted', () => {
  const kept = { reason: 'the position differed', under: 4 };
  const opened = (halted = kept) => new LaneWorld(undefined, { halted });

  it('H15: stays halted under a successor, which tells it, whatever the wish in force is', () => {
    const world = opened();
    expect(world.lane.state).toBe('Halted');
    wish(world, 4, [], { wishVersion: 4 });
    expect(world.lane.state).toBe('Halted');
    for (let count = 0; count < 10; count += 1) world.tick(1);
    expect(world.placed).toEqual([]);
  });

  it('H15: a symbol freeze, a decision or a halt of today does not end it; a newer wish of people to run does', () => {
    const world = opened();
    wish(world, 9, [], { wishVersion: 4, frozenSymbols: ['ETHUSDT'] });
    expect(world.lane.state).toBe('Halted');
    wish(world, 10, [], { wishVersion: 10, wish: 'reduce' });
    expect(world.lane.state).toBe('Halted');
    wish(world, 11, [], { wishVersion: 11 });
    expect(world.lane.state).toBe('Idle');
  });

  it('H15: a control table that was made anew ends no halt by its first wish, and by the next', () => {
    const world = opened();
    wish(world, 1, [], { wishVersion: 1 });
    expect(world.lane.state).toBe('Halted');
    wish(world, 2, [], { wishVersion: 2 });
    expect(world.lane.state).toBe('Idle');
  });

  it('H15: a halt says under which wish it began, so that a successor knows which one ends it', () => {
    const world = new LaneWorld();
    wish(world, 7, [], { wishVersion: 5 });
    world.lane.halt('drill', world.now());
    world.collect();
    expect(world.told('lane.state').at(-1)).toMatchObject({ to: 'Halted', haltedUnder: 5, reason: 'drill' });
    wish(world, 8, [], { wishVersion: 5 });
    expect(world.lane.state).toBe('Halted');
  });

  it('H15: one that comes into the ledger late is kept, unless people have wished to run since', () => {
    const late = new LaneWorld();
    wish(late, 4, [], { wishVersion: 4 });
    late.lane.keepHalted(kept, late.now());
    expect(late.lane.state).toBe('Halted');
    const since = new LaneWorld();
    wish(since, 5, [], { wishVersion: 5 });
    since.lane.keepHalted(kept, since.now());
    expect(since.lane.state).toBe('Idle');
  });
});
