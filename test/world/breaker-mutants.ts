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

const { observe, refusal, timePassed } = BreakerSet.prototype;
type Observe = typeof observe;

/** Each breaker opening never, once too soon or once too late, closing a step too soon or never; and all of them closing a step too late, and letting anything pass as a trial. */
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
    return [
      mutant('never opens', 'refuses', seeing(withoutBad)),
      ...(atOnce ? [] : [mutant('opens once too soon', 'passes', seeing(countingTwice))]),
      mutant('opens once too late', 'refuses', seeing(withoutFirst())),
      mutant('never closes', 'refuses', seeing(withoutGood)),
      mutant('opens for a step too short', 'refuses', () => askedAt(STEP, kind)),
    ];
  });
  const all = (name: string, install: Mutant['install']): Mutant => ({
    name: `breaker of any kind ${name}`,
    table: 'risk',
    cell: 'risk BREAKER_LOSSES refuses',
    install,
  });
  return [
    ...mutants,
    all('counts no trials', () => replaceProperty(BreakerSet.prototype, 'admitted', () => undefined)),
    all('opens for a step too long', () => {
      const restore = [askedAt(-STEP, null), timedAt(-STEP)];
      return () => {
        for (const each of restore) each();
      };
    }),
  ];
}

/** Breakers of this kind, or of any, are asked as if it were so much later. */
function askedAt(nanos: number, kind: BreakerKind | null): () => void {
  return replaceProperty(
    BreakerSet.prototype,
    'refusal',
    function (this: BreakerSet, asked: BreakerKind, now: MonoNanos) {
      return refusal.call(this, asked, (kind === null || asked === kind ? now + nanos : now) as MonoNanos);
    },
  );
}

/** Their waits end as if it were so much later. */
function timedAt(nanos: number): () => void {
  return replaceProperty(BreakerSet.prototype, 'timePassed', function (this: BreakerSet, now: MonoNanos) {
    timePassed.call(this, (now + nanos) as MonoNanos);
  });
}

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
