import { LANE_STATES, ORDER_STATES } from '#core/events/trading-event.ts';
import { LANE_INPUTS, LANE_TRANSITIONS } from '#core/lanes/lane-state.ts';
import { SWITCH_INPUTS, SWITCH_STATES, SWITCH_TRANSITIONS } from '#core/lanes/switch-state.ts';
import { PROOFS } from '#core/orders/evidence-rule.ts';
import { AFTER_PERSON, ORDER_INPUTS, ORDER_TRANSITIONS } from '#core/orders/order-state.ts';
import { RISK_CHECKS } from '#core/risk/checks.ts';
import type { RiskCheck } from '#core/risk/risk-context.ts';
import { replaceProperty } from './planted-bugs.ts';

/** How often one (state × input) cell of a table was asked for. `refused`: the table has no row for it. */
export interface CellVisits {
  readonly table: 'order' | 'person' | 'lane' | 'risk' | 'evidence' | 'switch';
  readonly cell: string;
  readonly refused: boolean;
  visits: number;
  /** Of all readings of cells, which one came by it first; null: none yet. Whoever sets it back to null counts anew. */
  firstAt: number | null;
}

/** Of all cells, since the process began. */
let readings = 0;

/** How often any cell was read so far: how far a world has come, for whoever compares. */
export function cellReadings(): number {
  return readings;
}

function visit(cell: CellVisits): void {
  readings += 1;
  cell.visits += 1;
  cell.firstAt ??= readings;
}

/** Counts from now on, for the rest of the process: each cell becomes a property that counts its readings. */
export function countCellVisits(): readonly CellVisits[] {
  const cells: CellVisits[] = [];
  const cell = (table: CellVisits['table'], name: string, refused = false): CellVisits => {
    const counted: CellVisits = { table, cell: `${table} ${name}`, refused, visits: 0, firstAt: null };
    cells.push(counted);
    return counted;
  };
  const count = (table: CellVisits['table'], state: string, row: object, input: string) => {
    const next: unknown = Reflect.get(row, input);
    const counted = cell(table, `${state} × ${input}`, next === undefined);
    Object.defineProperty(row, input, {
      configurable: true,
      enumerable: next !== undefined,
      get() {
        visit(counted);
        return next;
      },
    });
  };
  for (const state of ORDER_STATES) {
    for (const input of ORDER_INPUTS) count('order', state, ORDER_TRANSITIONS[state], input);
    const afterPerson = AFTER_PERSON[state] ?? {};
    for (const input of ORDER_INPUTS) if (input in afterPerson) count('person', state, afterPerson, input);
  }
  for (const state of LANE_STATES)
    for (const input of LANE_INPUTS) count('lane', state, LANE_TRANSITIONS[state], input);
  for (const state of SWITCH_STATES)
    for (const input of SWITCH_INPUTS) count('switch', state, SWITCH_TRANSITIONS[state], input);
  for (const check of RISK_CHECKS)
    countCheck(check, cell('risk', `${check.code} refuses`), cell('risk', `${check.code} passes`));
  for (const [end, kinds] of Object.entries(PROOFS)) {
    const proven: ReadonlySet<string> = new Set(kinds);
    const asked = EVIDENCE.map((kind) => [kind, cell('evidence', `${kind} × ${end}`, !proven.has(kind))] as const);
    countEvidence(end, kinds, new Map<string, CellVisits>(asked));
  }
  return cells;
}

const EVIDENCE = ['accountStream', 'query', 'fills', 'answer', 'agreedAbsence', 'notSent', 'person'];

function countCheck(each: RiskCheck, refuses: CellVisits, passes: CellVisits): void {
  const { check } = each;
  replaceProperty(each, 'check', (...[context, intent]: Parameters<RiskCheck['check']>) => {
    const refusal = check(context, intent);
    visit(refusal === null ? passes : refuses);
    return refusal;
  });
}

/** Whether a kind of evidence proves an end is asked of the list of those that do. */
function countEvidence(end: string, kinds: readonly string[], cells: ReadonlyMap<string, CellVisits>): void {
  const counting = [...kinds];
  Object.defineProperty(counting, 'includes', {
    enumerable: false,
    value: (kind: string) => {
      const counted = cells.get(kind);
      if (counted !== undefined) visit(counted);
      return kinds.includes(kind);
    },
  });
  replaceProperty(PROOFS, end, counting);
}
