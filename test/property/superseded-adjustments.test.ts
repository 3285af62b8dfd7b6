import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatExact } from '#core/ledger/exact-decimal.ts';
import type { LedgerAdjustment, LedgerFill } from '#core/ledger/ledger-entry.ts';
import { foldPosition } from '#core/ledger/position-fold.ts';
import { knownAdjustments } from '#core/ledger/superseded-adjustments.ts';

const VENUE = 'binance-usdm';
const SYMBOL = 'BTCUSDT';

/** What happens, in order. `told`: whether anybody hears of the execution; what is told arrives in the ledger when `arrival` comes to it. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant('fill' as const), size: fc.integer({ min: -5, max: 5 }), told: fc.boolean() }),
  fc.record({ kind: fc.constant('check' as const) }),
  fc.record({ kind: fc.constant('takeover' as const), wallStepMs: fc.integer({ min: -3_600_000, max: 3_600_000 }) }),
  fc.record({ kind: fc.constant('arrival' as const), which: fc.nat({ max: 20 }) }),
  fc.record({ kind: fc.constant('correction' as const), size: fc.integer({ min: -5, max: 5 }) }),
);

/** Engines that follow one another on one symbol, the venue's truth, and a ledger that hears late, in any order. */
class Model {
  readonly arrived: { fills: LedgerFill[]; adjustments: LedgerAdjustment[] } = { fills: [], adjustments: [] };
  readonly underway: (LedgerFill | LedgerAdjustment)[] = [];
  readonly listed: LedgerFill[] = [];
  venue = 0;
  engine = 0;
  epoch = 1;
  #count = 0;
  #wall = 1.7e12;

  fill(size: number, told: boolean): void {
    if (size === 0) return;
    this.venue += size;
    const fill = this.#fill(size);
    if (!told) return;
    this.listed.push(fill);
    this.engine += size;
    this.underway.push(fill);
  }

  /** The engine compares with the venue and adopts what differs. */
  check(): void {
    if (this.engine !== this.venue) this.underway.push(this.#adjustment(this.venue - this.engine, 'adopted'));
    this.engine = this.venue;
  }

  takeover(wallStepMs: number): void {
    this.epoch += 1;
    this.#wall += wallStepMs;
    const { fills, adjustments } = this.arrived;
    const known = new Set(fills.map((fill) => fill.fillId));
    const missing = this.listed.filter((fill) => !known.has(fill.fillId));
    const explained = Number(foldPosition(VENUE, SYMBOL, [...fills, ...missing], adjustments).size);
    const delta = this.venue - explained;
    const { fromEpoch, known: ids } = knownAdjustments(adjustments);
    const supersedes = { fromEpoch, known: [...ids] };
    this.underway.push(...missing, {
      ...this.#adjustment(delta, delta === 0 ? 'recovered' : 'adopted'),
      supersedes,
    });
    this.engine = this.venue;
  }

  /** By the venue's own id, or from outside any engine: whatever recoveries say of others, it counts. */
  correct(size: number): void {
    this.venue += size;
    this.engine += size;
    const correction = { ...this.#adjustment(size, 'correction'), epoch: 0 };
    this.arrived.adjustments.push(correction);
  }

  arrive(which: number): void {
    const [entry] = this.underway.splice(which % Math.max(1, this.underway.length), 1);
    if (entry === undefined) return;
    if (!('fillId' in entry)) this.arrived.adjustments.push(entry);
    else if (!this.arrived.fills.some((fill) => fill.fillId === entry.fillId)) this.arrived.fills.push(entry);
  }

  #fill(size: number): LedgerFill {
    this.#count += 1;
    return {
      fillId: String(this.#count),
      symbol: SYMBOL,
      clientOrderId: null,
      venueOrderId: 'v',
      side: size > 0 ? 'buy' : 'sell',
      price: '100',
      size: formatExact(BigInt(Math.abs(size)), 0),
      fee: '0',
      feeCurrency: 'USDT',
      liquidity: 'taker',
      cause: 'trade',
      venueTime: this.#count,
      venue: VENUE,
      epoch: this.epoch,
      time: this.#wall,
    };
  }

  #adjustment(delta: number, reason: LedgerAdjustment['reason']): LedgerAdjustment {
    this.#count += 1;
    this.#wall += 1;
    return {
      adjustmentId: `a${this.#count}`,
      symbol: SYMBOL,
      delta: String(delta),
      reason,
      evidence: 'query',
      price: null,
      venue: VENUE,
      epoch: this.epoch,
      time: this.#wall,
    };
  }
}

it('M6: however late corrections reach the ledger, and whoever took over meanwhile, each change of position counts once', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40, size: 'max' }), (happenings) => {
      const model = new Model();
      for (const each of happenings) {
        if (each.kind === 'fill') model.fill(each.size, each.told);
        else if (each.kind === 'check') model.check();
        else if (each.kind === 'takeover') model.takeover(each.wallStepMs);
        else if (each.kind === 'correction') model.correct(each.size);
        else model.arrive(each.which);
      }
      model.check();
      while (model.underway.length > 0) model.arrive(0);
      const { fills, adjustments } = model.arrived;
      expect(foldPosition(VENUE, SYMBOL, fills, adjustments).size).toBe(String(model.venue));
    }),
    { numRuns: 2_000 },
  );
});
