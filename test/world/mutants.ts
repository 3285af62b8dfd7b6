import { LANE_STATES, ORDER_STATES } from '#core/events/trading-event.ts';
import { LANE_INPUTS, LANE_TRANSITIONS } from '#core/lanes/lane-state.ts';
import { isEnded, PROOFS } from '#core/orders/evidence-rule.ts';
import type { Evidence } from '#core/orders/order.ts';
import { AFTER_PERSON, ORDER_INPUTS, ORDER_TRANSITIONS } from '#core/orders/order-state.ts';
import { TrackedOrder } from '#core/orders/tracked-order.ts';
import { guardMutants } from './guard-mutants.ts';
import { replaceProperty } from './planted-bugs.ts';
import { riskMutants } from './risk-mutants.ts';
import { switchMutants } from './switch-mutants.ts';

/** One thing of the product's tables that is not as it is written. */
export interface Mutant {
  readonly name: string;
  readonly table: 'order' | 'guard' | 'lane' | 'risk' | 'evidence' | 'switch';
  /** The cell (`cell-visits.ts`) that a world must visit to meet it: in others it changes nothing. Null: any may. */
  readonly cell: string | null;
  /** At most so many worlds are tried before scenes are; absent: as many as there are. */
  readonly worlds?: number;
  /** Puts it in; what is returned takes it out again. */
  readonly install: () => () => void;
}

/** What a row of the order table may wrongly lead to: before its beginning none does. */
const NEXT = ['same', 'working', ...ORDER_STATES.filter((state) => state !== 'Initialized' && state !== 'Denied')];
const EVIDENCE = [
  'accountStream',
  'query',
  'fills',
  'answer',
  'agreedAbsence',
  'notSent',
  'person',
] as const satisfies readonly Evidence['kind'][];

/** Every row of the order table, of the lane table, of the risk checks, of the evidence rule and of the changes of symbol, altered in each of the ways listed here, one at a time. */
export function allMutants(): readonly Mutant[] {
  return [
    ...orderMutants(),
    ...guardMutants(),
    ...laneMutants(),
    ...riskMutants(),
    ...evidenceMutants(),
    ...switchMutants(),
  ];
}

/** Each row dropped, or leading elsewhere. */
function orderMutants(): Mutant[] {
  const mutants: Mutant[] = [];
  for (const [table, prefix] of [
    [ORDER_TRANSITIONS, 'order'],
    [AFTER_PERSON, 'person'],
  ] as const) {
    for (const [state, row] of Object.entries(table)) {
      for (const input of ORDER_INPUTS) {
        const next = row[input];
        if (next === undefined) continue;
        const cell = `${prefix} ${state} × ${input}`;
        const others = NEXT.filter((other) => meaning(other, state) !== meaning(next, state));
        mutants.push(...[undefined, ...others].map((other) => rowMutant('order', cell, row, input, other)));
        if (
          isEnded(meaning(next, state) as typeof state & Parameters<typeof isEnded>[0]) &&
          meaning(next, state) !== state
        )
          mutants.push(withoutEvidence(cell, state, input));
      }
    }
  }
  return mutants;
}

/** `same` in a state is that state. */
function meaning(next: string, state: string): string {
  return next === 'same' ? state : next;
}

function rowMutant(table: Mutant['table'], cell: string, row: object, input: string, next: string | undefined): Mutant {
  return { name: `${cell} → ${next ?? 'refused'}`, table, cell, install: () => replaceProperty(row, input, next) };
}

/** The step goes on without what it rests on. */
function withoutEvidence(cell: string, state: string, input: string): Mutant {
  const step = TrackedOrder.prototype.step;
  const mutated: typeof step = function (this: TrackedOrder, ...[taken, now, evidence, reason]) {
    const dropped = this.state === state && taken === input;
    return step.call(this, taken, now, dropped ? [] : evidence, reason);
  };
  return {
    name: `${cell} without evidence`,
    table: 'evidence',
    cell,
    install: () => replaceProperty(TrackedOrder.prototype, 'step', mutated),
  };
}

function laneMutants(): Mutant[] {
  const mutants: Mutant[] = [];
  for (const state of LANE_STATES) {
    const row = LANE_TRANSITIONS[state];
    for (const input of LANE_INPUTS) {
      const next = row[input];
      if (next === undefined) continue;
      const others = [undefined, ...LANE_STATES.filter((other) => other !== next)];
      mutants.push(...others.map((other) => rowMutant('lane', `lane ${state} × ${input}`, row, input, other)));
    }
  }
  return mutants;
}

/** Each kind of evidence no longer proves an end that it does prove, or proves one that it does not. */
function evidenceMutants(): Mutant[] {
  const mutants: Mutant[] = [];
  for (const [end, kinds] of Object.entries(PROOFS)) {
    if (end === 'Denied') continue;
    for (const kind of EVIDENCE) {
      const proves = kinds.includes(kind);
      mutants.push({
        name: `evidence ${kind} ${proves ? 'no longer proves' : 'proves'} ${end}`,
        table: 'evidence',
        cell: `evidence ${kind} × ${end}`,
        install: () => replaceProperty(PROOFS, end, proves ? kinds.filter((each) => each !== kind) : [...kinds, kind]),
      });
    }
  }
  return mutants;
}
