import { LANE_STATES, ORDER_STATES } from '#core/events/trading-event.ts';
import { LANE_INPUTS, LANE_TRANSITIONS } from '#core/lanes/lane-state.ts';
import { ORDER_INPUTS, ORDER_TRANSITIONS } from '#core/orders/order-state.ts';

/** How often one (state × input) cell of a table was asked for. `refused`: the table has no row for it. */
export interface CellVisits {
  readonly cell: string;
  readonly refused: boolean;
  visits: number;
}

/** Counts from now on, for the rest of the process: each cell becomes a property that counts its readings. */
export function countCellVisits(): readonly CellVisits[] {
  const cells: CellVisits[] = [];
  const count = (table: string, state: string, row: object, input: string) => {
    const next: unknown = Reflect.get(row, input);
    const cell: CellVisits = { cell: `${table} ${state} × ${input}`, refused: next === undefined, visits: 0 };
    cells.push(cell);
    Object.defineProperty(row, input, {
      configurable: true,
      enumerable: next !== undefined,
      get() {
        cell.visits += 1;
        return next;
      },
    });
  };
  for (const state of ORDER_STATES)
    for (const input of ORDER_INPUTS) count('order', state, ORDER_TRANSITIONS[state], input);
  for (const state of LANE_STATES)
    for (const input of LANE_INPUTS) count('lane', state, LANE_TRANSITIONS[state], input);
  return cells;
}
