import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareSymbol } from '#core/reconciliation/differences.ts';
import { planSymbol } from '#core/reconciliation/plan-reconciliation.ts';
import { ReconciliationModel, sizeText } from '../support/reconciliation-model.ts';
import { buildEvent } from '../support/trading-event-builder.ts';

const RULES = { settleMs: 10_000, unprovenAfterMs: 600_000, writersBehindMs: 7_200_000 };
const ORIGIN = { configurationHash: 'c0ffee', build: 'test' };
const NOW = 1_700_000_000_000;

/** One execution at the venue: whether the ledger has it, as which adjustment the engine had taken it if not, and whose it is. */
const execution = fc.record({
  size: fc.integer({ min: -50, max: 50 }).filter((size) => size !== 0),
  told: fc.constantFrom('fill', 'nothing', 'adopted'),
  ours: fc.boolean(),
});
const world = fc.record({
  executions: fc.array(execution, { maxLength: 12 }),
  /** A movement that no execution explains. */
  moved: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -9, max: 9 }) }),
});
type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

function build({ executions, moved }: World): ReconciliationModel {
  const model = new ReconciliationModel();
  model.moved = moved;
  for (const [index, { size, told, ours }] of executions.entries()) {
    const time = NOW - 3_600_000 + index * 1_000;
    const report = model.fill(index + 1, size, time, ours ? null : 'somebody');
    const { kind: _kind, source: _source, ...body } = report;
    const place = { sequence: index + 1, time };
    if (told === 'fill') model.apply(buildEvent('fill', body, place));
    if (told !== 'adopted') continue;
    const adoption = { adjustmentId: `a${index}`, symbol: report.symbol, delta: sizeText(size), evidence: 'position' };
    model.apply(buildEvent('position.adjusted', { ...adoption, reason: 'adopted', price: null }, place));
  }
  return model;
}

const planAt = (model: ReconciliationModel, at: number) =>
  planSymbol(model.look(at), model.look(at + RULES.settleMs), RULES, ORIGIN);

describe('reconciliation of one symbol', () => {
  it('S18: after the corrections ledger and venue agree, and what nothing explained is frozen', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        const model = build(drawn);
        const plan = planAt(model, NOW);
        expect(plan.unsettled).toBeNull();
        for (const event of plan.corrections) expect(model.apply(event)).toBe('written');
        expect(compareSymbol(model.look(NOW + 60_000), RULES)).toEqual([]);
        const unexplained = plan.corrections.some(
          (event) => event.type === 'position.adjusted' && event.body.evidence.includes('nothing else explains'),
        );
        if (unexplained) expect(plan.freeze).toContain('nothing explains');
        // Executions of others are corrected, and people look before entries go on.
        const foreign = drawn.executions.some((each) => each.told !== 'fill' && !each.ours);
        if (foreign) expect(plan.freeze).toContain('was not placed here');
      }),
    );
  });

  it('S18: doing it again, from any point at which it was cut off, ends the same', () => {
    fc.assert(
      fc.property(world, fc.nat(), (drawn, cut) => {
        const whole = build(drawn);
        for (const event of planAt(whole, NOW).corrections) whole.apply(event);
        const broken = build(drawn);
        const { corrections } = planAt(broken, NOW);
        for (const event of corrections.slice(0, cut % (corrections.length + 1))) broken.apply(event);
        for (const event of planAt(broken, NOW + 60_000).corrections) broken.apply(event);
        expect(planAt(broken, NOW + 120_000).corrections).toEqual([]);
        const ends = [whole, broken].map((model) => {
          const { ledger } = model.look(NOW + 200_000);
          return { size: ledger.positionSize, fills: ledger.fills.map((fill) => fill.fillId).sort() };
        });
        expect(ends[1]).toEqual(ends[0]);
      }),
    );
  });

  it('S18: two reconcilers at once correct once', () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 5_000 }), (drawn, later) => {
        const model = build(drawn);
        const [one, other] = [planAt(model, NOW), planAt(model, NOW + later)];
        for (const event of [...one.corrections, ...other.corrections]) model.apply(event);
        expect(compareSymbol(model.look(NOW + 60_000), RULES)).toEqual([]);
      }),
    );
  });

  it('invents no price: executions go at the venue’s, all else at none', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        const model = build(drawn);
        for (const event of planAt(model, NOW).corrections) {
          if (event.type === 'position.adjusted') expect(event.body.price).toBeNull();
          else if (event.type === 'fill')
            expect(model.fills.find((fill) => fill.fillId === event.body.fillId)?.price).toBe(event.body.price);
          else throw new Error(`unexpected ${event.type}`);
        }
      }),
    );
  });

  it('corrects no executions that may be on their way, while the writers of the ledger are behind', () => {
    fc.assert(
      fc.property(world, (drawn) => {
        const model = build({ ...drawn, moved: 0 });
        // It has heard nothing since before the first.
        model.heardThrough = NOW - 3_700_000;
        if (drawn.executions.some((each) => each.told !== 'fill')) expect(planAt(model, NOW).corrections).toEqual([]);
        model.heardThrough = NOW;
        for (const event of planAt(model, NOW).corrections) model.apply(event);
        expect(compareSymbol(model.look(NOW + 60_000), RULES)).toEqual([]);
      }),
    );
  });

  it('corrects nothing while executions are in flight', () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 9 }), (drawn, age, size) => {
        const model = build(drawn);
        const first = model.look(NOW);
        model.fill(99, size, NOW + RULES.settleMs - age, null);
        const plan = planSymbol(first, model.look(NOW + RULES.settleMs), RULES, ORIGIN);
        expect(plan.corrections).toEqual([]);
        expect(plan.freeze).toBeNull();
      }),
    );
  });
});
