import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { FillReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { LaneWorld } from '../support/lane-world.ts';

/** An execution at the venue, and when anybody hears of it. */
interface Execution {
  readonly report: FillReport;
  readonly delta: number;
  told: boolean;
  listed: boolean;
}

type Happening =
  | { readonly kind: 'execution'; readonly size: number }
  | { readonly kind: 'pass'; readonly ms: number }
  /** Its questions take so long, and the venue executes meanwhile, before or after it says its position. */
  | { readonly kind: 'look'; readonly travelMs: number; readonly meanwhile: number; readonly inPosition: boolean }
  | { readonly kind: 'report' | 'listing'; readonly which: number };

const happening = (size: fc.Arbitrary<number>): fc.Arbitrary<Happening> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('execution' as const), size }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 2_000 }) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('look' as const),
        travelMs: fc.integer({ min: 0, max: 400 }),
        meanwhile: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: size }),
        inPosition: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constantFrom('report' as const, 'listing' as const), which: fc.nat(9) }),
    },
  );

/** A venue that executes what nobody hears of until later, by a clock of its own, and a lane that compares. */
class LateVenue {
  readonly world = new LaneWorld();
  readonly executions: Execution[] = [];
  /** Venue's clock less ours, ms. */
  readonly #offsetMs: number;
  /** How wrong the engine's idea of the venue's clock is, ms. */
  readonly #errorMs: number;

  constructor(offsetMs: number, errorMs: number) {
    this.#offsetMs = offsetMs;
    this.#errorMs = errorMs;
  }

  get truth(): number {
    return this.executions.reduce((sum, { delta }) => sum + delta, 0);
  }

  /** What the ledger makes of all that the lane has told, thousandths. */
  get ledger(): number {
    const sum = (deltas: readonly number[]) => deltas.reduce((total, each) => total + each, 0);
    const fills = this.world.events.flatMap(({ type, body }) => (type === 'fill' ? [body as FillReport] : []));
    const executed = fills.map(({ side, size }) => Math.round(Number(size) * 1_000) * (side === 'buy' ? 1 : -1));
    const adjusted = this.world.told('position.adjusted').map(({ delta }) => Math.round(Number(delta) * 1_000));
    return sum(executed) + sum(adjusted);
  }

  get #time(): EpochMs {
    return Math.floor(this.world.now().epoch + this.#offsetMs) as EpochMs;
  }

  take(each: Happening): void {
    if (each.kind === 'execution') this.#execute(each.size);
    else if (each.kind === 'pass') this.world.mono += each.ms * 1e6;
    else if (each.kind === 'look') this.#look(each.travelMs, each.meanwhile, each.inPosition);
    else this.#tell(each.kind, each.which);
  }

  /** All is told in the end, twice over, and the lane goes on comparing. */
  rest(): void {
    for (const [which] of this.executions.entries()) {
      this.#tell('report', which);
      this.#tell('listing', which);
    }
    for (let look = 0; look < 4; look += 1) this.#look(0, 0, true);
  }

  #execute(size: number): void {
    if (size === 0) return;
    const id = this.executions.length + 1;
    const report: FillReport = {
      kind: 'fill',
      source: 'accountStream',
      symbol: 'BTCUSDT',
      fillId: `e${id}`,
      clientOrderId: null,
      venueOrderId: 'by-hand',
      side: size > 0 ? 'buy' : 'sell',
      price: formatScaled(600_000 + id, 1),
      size: formatScaled(Math.abs(size), 3),
      fee: '0',
      feeCurrency: 'USDT',
      liquidity: 'taker',
      cause: 'trade',
      venueTime: this.#time,
    };
    this.executions.push({ report, delta: size, told: false, listed: false });
  }

  #look(travelMs: number, meanwhile: number, inPosition: boolean): void {
    const { world } = this;
    // A lane asks once a second, at most.
    world.mono += 1e9;
    const askedAt = Math.floor(this.#time + this.#errorMs) as EpochMs;
    const { activity } = world.lane;
    world.mono += travelMs * 0.5e6;
    if (inPosition) this.#execute(meanwhile);
    const position = this.truth;
    const fills = this.executions
      .filter((each) => each.listed)
      .map(({ report }) => ({ ...report, source: 'query' as const }));
    if (!inPosition) this.#execute(meanwhile);
    world.mono += travelMs * 0.5e6;
    if (world.lane.activity === activity) world.verify(position, [], fills, '60000', askedAt);
  }

  #tell(how: 'report' | 'listing', which: number): void {
    const execution = this.executions[which % Math.max(1, this.executions.length)];
    if (execution === undefined) return;
    if (how === 'listing') execution.listed = true;
    else {
      execution.told = true;
      this.world.lane.onFill(execution.report, this.world.now());
      this.world.collect();
    }
  }
}

const offset = fc.constantFrom(0, -5_000, 5_000, 3_600_000);
const error = fc.integer({ min: -300, max: 0 });
const happenings = (size: fc.Arbitrary<number>) => fc.array(happening(size), { maxLength: 40, size: 'max' });

describe('executions that are told late', () => {
  it('H2, F12: whatever the order of looks, reports and lists, the position is the venue’s at rest, in the lane and in the ledger', () => {
    fc.assert(
      fc.property(
        happenings(fc.integer({ min: -5, max: 5 })),
        offset,
        fc.integer({ min: -5_000, max: 5_000 }),
        (drawn, offsetMs, errorMs) => {
          const venue = new LateVenue(offsetMs, errorMs);
          for (const each of drawn) {
            venue.take(each);
            expect(venue.ledger, 'what is held is what was told').toBe(venue.world.lane.position.size);
          }
          venue.rest();
          expect(venue.world.lane.position.size).toBe(venue.truth);
          expect(venue.ledger).toBe(venue.truth);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('H2, F12: none counts twice, not for a moment, however far the venue’s clock is from ours', () => {
    let tookPlace = 0;
    fc.assert(
      fc.property(happenings(fc.integer({ min: 1, max: 5 })), offset, error, (drawn, offsetMs, errorMs) => {
        const venue = new LateVenue(offsetMs, errorMs);
        for (const each of drawn) {
          venue.take(each);
          // Of what is executed while the venue is asked nobody can say whether its answer has it: only two looks that find the same can.
          if (venue.world.told('position.adjusted').some(({ evidence }) => evidence.includes('found another'))) break;
          // All of them buy: more than the venue holds is something that was counted twice.
          expect(venue.world.lane.position.size).toBeLessThanOrEqual(venue.truth);
        }
        venue.rest();
        expect(venue.world.lane.position.size).toBe(venue.truth);
        tookPlace += venue.world.told('position.adjusted').filter(({ delta }) => delta.startsWith('-')).length;
      }),
      { numRuns: 500 },
    );
    expect(tookPlace).toBeGreaterThan(100);
  });
});
