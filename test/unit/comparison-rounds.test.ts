import { describe, expect, it } from 'vitest';
import type { Lane } from '#core/lanes/lane.ts';
import type { Verification } from '#core/lanes/lane-effects.ts';
import type { FillReport, OrderReport } from '#core/orders/order.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { ComparisonRounds } from '#engine/comparison-rounds.ts';
import { createManualClock } from '../support/manual-clock.ts';

const ANSWER_MS = 20;

/** A unit of so many lanes on a venue that counts its questions: `together` says what it answers for all symbols at once. */
function unit(count: number, options: { turns?: number; again?: number; together?: boolean; refused?: string } = {}) {
  const time = createManualClock(1.7e12);
  const lanes = Array.from({ length: count }, (_, index) => ({
    name: `lane-${index}`,
    symbol: `S${index}`,
    activity: 0,
    unagreed: false,
    instrument: { kind: 'linear' },
    configuration: { reservedSize: '0' },
    orders: { find: () => null },
  })) as unknown as (Lane & { activity: number })[];
  const asked: string[] = [];
  const given: { lane: string; verification: Verification }[] = [];
  const answered = async <Row>(question: string, rows: readonly Row[]): Promise<readonly Row[]> => {
    asked.push(question);
    await new Promise<void>((resolve) => time.timers.after(ANSWER_MS, resolve));
    if (options.refused !== undefined && question.includes(options.refused))
      throw new VenueError('reject', 'SYMBOL', options.refused);
    return rows;
  };
  const order = (symbol: string) => ({ symbol, venueOrderId: `o-${symbol}` }) as OrderReport;
  const fill = (symbol: string) => ({ symbol, fillId: `f-${symbol}` }) as FillReport;
  const singles = {
    openOrders: (symbol: string) => answered(`open ${symbol}`, [order(symbol)]),
    fillsSince: (symbol: string) => answered(`fills ${symbol}`, [fill(symbol)]),
    positions: (symbols: readonly string[]) =>
      answered(
        `positions ${symbols.join(',')}`,
        symbols.map((symbol) => ({ symbol, size: '1' })),
      ),
  };
  const all = {
    openOrdersOf: (symbols: readonly string[]) => answered(`open ${symbols.join(',')}`, symbols.map(order)),
    fillsOf: (symbols: readonly string[]) => answered(`fills ${symbols.join(',')}`, symbols.map(fill)),
  };
  const rounds = new ComparisonRounds({
    lanes: () => lanes,
    queries: (options.together === true ? { ...singles, ...all } : singles) as unknown as VenueQueries,
    plan: () => ({ turns: options.turns ?? 1, again: options.again ?? 1_000, ofOne: 1 }),
    clock: time.clock,
    timers: time.timers,
    fillsFrom: () => 0 as EpochMs,
    stopped: () => false,
    answered: (lane, verification) => {
      given.push({ lane: lane.name, verification });
      return verification;
    },
  });
  /** All lanes ask by themselves, and are answered. */
  const askAll = async () => {
    asked.length = 0;
    given.length = 0;
    for (const lane of lanes) void rounds.askInTurn(lane);
    await time.advanceAsync(ANSWER_MS + 1);
  };
  return { time, lanes, asked, given, rounds, askAll };
}

const filled = (given: readonly { verification: Verification }[]) =>
  given.map(({ verification }) => (verification.kind === 'complete' ? verification.fills.length : -1));
const isFills = (question: string) => question.startsWith('fills');

describe('the comparisons of a unit’s lanes', () => {
  it('H2: lanes that ask at the same moment share what the venue answers for all of them, and each is told its own', async () => {
    const { asked, given, askAll } = unit(3, { together: true });
    await askAll();
    expect(asked.sort()).toEqual(['fills S0,S1,S2', 'open S0,S1,S2', 'positions S0,S1,S2']);
    for (const [index, { verification }] of given.entries()) {
      if (verification.kind !== 'complete') throw new Error(verification.reason);
      expect(verification.position.symbol).toBe(`S${index}`);
      expect(verification.openOrders.map(({ venueOrderId }) => venueOrderId)).toEqual([`o-S${index}`]);
      expect(verification.fills.map(({ fillId }) => fillId)).toEqual([`f-S${index}`]);
    }
  });

  it('H2: where the venue answers for one symbol only, positions alone are shared', async () => {
    const { asked, askAll } = unit(2);
    await askAll();
    expect(asked.sort()).toEqual(['fills S0', 'fills S1', 'open S0', 'open S1', 'positions S0,S1']);
  });

  it('R2: a symbol that the venue refuses takes no other lane down', async () => {
    const { given, askAll, time } = unit(3, { together: true, refused: 'S1' });
    await askAll();
    await time.advanceAsync(ANSWER_MS + 1);
    const kinds = new Map(given.map(({ lane, verification }) => [lane, verification.kind]));
    expect([kinds.get('lane-0'), kinds.get('lane-1'), kinds.get('lane-2')]).toEqual(['complete', 'failed', 'complete']);
  });

  it('F12: with turns, the fills of every lane are asked for once in so many rounds', async () => {
    const { askAll, given, asked, time } = unit(7, { turns: 3 });
    await askAll();
    expect(filled(given), 'all of them the first time').toEqual(Array.from({ length: 7 }, () => 1));
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      await time.advanceAsync(5_000 - ANSWER_MS);
      await askAll();
      expect(given).toHaveLength(7);
      const now = asked.filter(isFills);
      expect(now.length).toBeLessThanOrEqual(3);
      seen.push(...now);
    }
    expect(new Set(seen).size).toBe(7);
  });

  it('F12: a lane that asks out of its rhythm, or whose question is a person’s or the stream’s, is told its fills whatever its turn', async () => {
    const { askAll, lanes, rounds, asked, time } = unit(6, { turns: 6 });
    await askAll();
    await time.advanceAsync(5_000);
    await askAll();
    const [first, second] = lanes;
    if (first === undefined || second === undefined) throw new Error('no lanes');
    asked.length = 0;
    await time.advanceAsync(1_000);
    void rounds.askInTurn(first);
    await time.advanceAsync(ANSWER_MS + 1);
    expect(asked.filter(isFills), 'a second later because something differed').toEqual(['fills S0']);
    await time.advanceAsync(4_500);
    asked.length = 0;
    void rounds.ask(second);
    await time.advanceAsync(ANSWER_MS + 1);
    expect(asked.filter(isFills)).toContain('fills S1');
  });

  it('H2: lanes whose rhythms have come apart come together again, and none is asked about seldomer than it wishes', async () => {
    const { askAll, lanes, rounds, asked, given, time } = unit(3, { together: true });
    await askAll();
    const [first, second] = lanes;
    if (first === undefined || second === undefined) throw new Error('no lanes');
    await time.advanceAsync(1_000);
    void rounds.askInTurn(first);
    await time.advanceAsync(4_000);
    asked.length = 0;
    given.length = 0;
    void rounds.askInTurn(second);
    await time.advanceAsync(ANSWER_MS + 1);
    expect(asked).toContain('positions S1,S0,S2');
    expect(given.map(({ lane }) => lane).sort()).toEqual(['lane-0', 'lane-1', 'lane-2']);
  });

  it('F26: a lane whose answers reports keep overtaking asks again no oftener than there is room for', async () => {
    const { lanes, rounds, asked, time } = unit(1, { again: 2 });
    const [lane] = lanes;
    if (lane === undefined) throw new Error('no lane');
    const positions = () => asked.filter((question) => question.startsWith('positions')).length;
    // A second after each answer it asks anew, as a lane does that could not compare.
    let answers = 0;
    const again = (): void => {
      void rounds.askInTurn(lane).then(() => {
        answers += 1;
        time.timers.after(1_000, again);
      });
    };
    again();
    for (let ms = 0; ms < 60_000; ms += 5) {
      lane.activity += 1;
      await time.advanceAsync(5);
    }
    expect(positions()).toBeLessThanOrEqual(2 + (60_000 / 5_000) * 2);
    expect(answers).toBeGreaterThanOrEqual(60_000 / 5_000);
  });

  it('F12: a lane that was given no answer about its fills is asked about them again', async () => {
    const { askAll, asked, given, time } = unit(4, { turns: 4, refused: 'fills S2' });
    await askAll();
    expect(given.find(({ lane }) => lane === 'lane-2')?.verification.kind).toBe('failed');
    await time.advanceAsync(5_000);
    await askAll();
    expect(asked).toContain('fills S2');
  });
});
