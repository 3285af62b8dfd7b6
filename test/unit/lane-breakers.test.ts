import { describe, expect, it } from 'vitest';
import type { Price } from '#core/market/scaled-decimal.ts';
import type { RiskBook } from '#core/risk/risk-book.ts';
import { BTC, LaneWorld, laneConfiguration } from '../support/lane-world.ts';
import { bookOf, signOf, trade, tryEntry } from '../support/risk-trading.ts';

const rule = (changes: Readonly<Record<string, number>> = {}) => ({
  window: 2,
  bad: 2,
  withinMs: 600_000,
  openMs: 5_000,
  maxOpenMs: 60_000,
  ...changes,
});

describe('breakers of a lane and its unit', () => {
  const lane = (book: RiskBook, symbol = 'BTCUSDT') =>
    new LaneWorld(laneConfiguration({ name: symbol.toLowerCase(), symbol }), {}, { ...BTC, symbol }, book);
  const alerts = (world: LaneWorld) => world.told('alert').map((alert) => alert.code);

  it('H12, H14: losses in a row stop the lane that made them, and one trial lets it go on', () => {
    const book = bookOf({ breakers: { consecutiveLosses: rule() } });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    trade(one, -30);
    trade(one, -30);
    expect(alerts(one)).toContain('BREAKER_OPENED');
    expect(tryEntry(one)).toBe('BREAKER_LOSSES');
    expect(tryEntry(two)).toBeUndefined();
    one.mono += 6e9;
    one.pass(60);
    trade(one, 60);
    expect(alerts(one)).toContain('BREAKER_CLOSED');
  });

  it('H12, H4: a lane that goes to another symbol, or is configured anew, takes its losses in a row with it', () => {
    const book = bookOf({ breakers: { consecutiveLosses: rule() } });
    const follower = (symbol: string) =>
      new LaneWorld(laneConfiguration({ name: 'follower', symbol }), {}, { ...BTC, symbol }, book);
    const one = follower('BTCUSDT');
    trade(one, -30);
    const two = follower('ETHUSDT');
    two.mono = one.mono;
    trade(two, -30);
    expect(alerts(two)).toContain('BREAKER_OPENED');
    const three = follower('SOLUSDT');
    three.mono = two.mono;
    expect(tryEntry(three)).toBe('BREAKER_LOSSES');
    three.mono += 6e9;
    three.pass(60);
    trade(three, 60);
    expect(alerts(three)).toContain('BREAKER_CLOSED');
    expect(alerts(one)).toEqual([]);
    expect(tryEntry(lane(book))).toBeUndefined();
  });

  it('H12: a trade that only its fees made a loss counts as one', () => {
    const world = lane(bookOf({ breakers: { consecutiveLosses: rule({ window: 1, bad: 1 }) } }));
    trade(world, 1);
    expect(tryEntry(world)).toBe('BREAKER_LOSSES');
  });

  it('H12: a lane that is flat for a moment while its entry can still fill has not ended its trade', () => {
    const world = lane(bookOf({ breakers: { consecutiveLosses: rule() } }));
    const entry = world.enter();
    for (const part of [4, entry.size - 4]) {
      const before = world.placed.length;
      world.fill(entry, part);
      world.pass(1_100);
      world.tick(-30 * signOf(entry));
      const exit = world.placed.slice(before).find((intent) => intent.type === 'market');
      if (exit === undefined) throw new Error('no exit');
      world.fill({ ...exit, price: world.middle as Price }, part);
      world.report(exit, 'filled', exit.size);
      expect(world.lane.position.size).toBe(0);
    }
    expect(world.lane.state).toBe('Idle');
    expect(alerts(world)).not.toContain('BREAKER_OPENED');
    trade(world, -30);
    expect(alerts(world)).toContain('BREAKER_OPENED');
  });

  it('H14: rejections stop all lanes of the unit; exits pass', () => {
    const book = bookOf({ breakers: { rejectRate: rule() } });
    const [one, two] = [lane(book), lane(book, 'ETHUSDT')];
    const held = two.enter();
    two.fill(held, held.size);
    for (let count = 0; count < 2; count += 1) {
      const entry = one.enter();
      const answer = { kind: 'rejected', errorClass: 'reject', code: '-2019', text: 'margin' } as const;
      one.lane.onAnswer(entry.clientOrderId, 'place', answer, one.now());
      one.collect();
    }
    expect(tryEntry(one)).toBe('BREAKER_REJECTS');
    const before = two.placed.length;
    two.pass(1_100);
    two.tick(-40 * signOf(held));
    expect(two.placed.slice(before).some((intent) => intent.reduceOnly)).toBe(true);
  });

  it('H14: answers that say nothing, and answers that come late, stop entries', () => {
    const errors = bookOf({ breakers: { errorRate: rule({ window: 1, bad: 1 }) } });
    const one = lane(errors);
    const entry = one.enter();
    one.lane.onAnswer(
      entry.clientOrderId,
      'place',
      { kind: 'unknown', cause: 'timeout', code: '', text: '' },
      one.now(),
    );
    one.report(entry, 'canceled', 0);
    expect(tryEntry(one)).toBe('BREAKER_ERRORS');
    const late = lane(bookOf({ slowAckMs: 100, breakers: { latency: rule({ window: 1, bad: 1 }) } }));
    const slow = late.enter();
    late.mono += 101e6;
    late.accept(slow);
    late.report(slow, 'canceled', 0);
    expect(tryEntry(late)).toBe('BREAKER_LATENCY');
  });

  it('H2, H14: a position that differs from the venue’s stops entries until comparisons agree again', () => {
    const world = lane(bookOf({ breakers: { reconciliation: rule({ window: 1, bad: 1 }) } }));
    const ask = (size: number) => {
      world.mono += 1e9;
      world.verify(size);
    };
    ask(5);
    ask(0);
    expect(tryEntry(world), 'a report on its way is no difference').toBeUndefined();
    const entry = world.placed.at(-1);
    if (entry !== undefined) world.report(entry, 'canceled', 0);
    for (const size of [5, 5, 0, 0, 0]) ask(size);
    expect(tryEntry(world)).toBe('BREAKER_RECONCILIATION');
    world.mono += 5e9;
    world.verify(0);
    expect(tryEntry(world)).toBeUndefined();
  });
});
