import type { BreakerKind } from '#core/risk/breaker.ts';
import { BreakerSet } from '#core/risk/breaker-set.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import type { Mutant } from './mutants.ts';
import { replaceProperty } from './planted-bugs.ts';

/** Each breaker with its denial, and whether one bad observation opens it: then it cannot open any sooner. */
const BREAKERS: readonly { readonly kind: BreakerKind; readonly code: string; readonly atOnce?: boolean }[] = [
  { kind: 'consecutiveLosses', code: 'BREAKER_LOSSES' },
  { kind: 'reconciliation', code: 'BREAKER_RECONCILIATION', atOnce: true },
  { kind: 'errorRate', code: 'BREAKER_ERRORS' },
  { kind: 'rejectRate', code: 'BREAKER_REJECTS' },
  { kind: 'latency', code: 'BREAKER_LATENCY' },
];
/** By so much a breaker opens too long, or too short, ns. */
const STEP = 200e6;

const { observe, refusal } = BreakerSet.prototype;
type Observe = typeof observe;

/** Each breaker opening never, once too soon or once too late, closing a step too soon, too late or never, and letting all pass as trials. */
export function breakerMutants(): Mutant[] {
  const mutants = BREAKERS.flatMap(({ kind, code, atOnce = false }) => {
    const mutant = (name: string, seen: 'refuses' | 'passes', install: Mutant['install']): Mutant => ({
      name: `breaker ${kind} ${name}`,
      table: 'risk',
      cell: `risk ${code} ${seen}`,
      install,
    });
    const seeing = (see: Observe) => () =>
      replaceProperty(BreakerSet.prototype, 'observe', function (this: BreakerSet, ...seen: Parameters<Observe>) {
        (seen[0] === kind ? see : observe).apply(this, seen);
      });
    const refusing = (shift: number) => () =>
      replaceProperty(BreakerSet.prototype, 'refusal', function (this: BreakerSet, asked: BreakerKind, now: MonoNanos) {
        return refusal.call(this, asked, (asked === kind ? now + shift : now) as MonoNanos);
      });
    return [
      mutant('never opens', 'refuses', seeing(withoutBad)),
      ...(atOnce ? [] : [mutant('opens once too soon', 'passes', seeing(countingTwice))]),
      mutant('opens once too late', 'refuses', seeing(withoutFirst())),
      mutant('never closes', 'refuses', seeing(withoutGood)),
      mutant('opens for a step too short', 'refuses', refusing(STEP)),
      mutant('opens for a step too long', 'refuses', refusing(-STEP)),
    ];
  });
  return [...mutants, { ...TRIALS, install: () => replaceProperty(BreakerSet.prototype, 'admitted', () => undefined) }];
}

const TRIALS = { name: 'breaker trials are not counted', table: 'risk', cell: 'risk BREAKER_LOSSES refuses' } as const;

const withoutBad: Observe = function (this: BreakerSet, kind, bad, detail, now) {
  if (!bad) observe.call(this, kind, bad, detail, now);
};

const withoutGood: Observe = function (this: BreakerSet, kind, bad, detail, now) {
  if (bad) observe.call(this, kind, bad, detail, now);
};

const countingTwice: Observe = function (this: BreakerSet, kind, bad, detail, now) {
  observe.call(this, kind, bad, detail, now);
  if (bad) observe.call(this, kind, bad, detail, now);
};

/** The first bad observation after a good one does not count. */
function withoutFirst(): Observe {
  const bad = new WeakSet<BreakerSet>();
  return function (this: BreakerSet, kind, isBad, detail, now) {
    const first = isBad && !bad.has(this);
    if (isBad) bad.add(this);
    else bad.delete(this);
    if (!first) observe.call(this, kind, isBad, detail, now);
  };
}
