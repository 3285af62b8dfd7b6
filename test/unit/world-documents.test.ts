import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LANE_TRANSITIONS } from '#core/lanes/lane-state.ts';
import { ORDER_TRANSITIONS } from '#core/orders/order-state.ts';
import { RISK_CHECKS } from '#core/risk/checks.ts';
import { UNVISITED_CELLS, unvisitedCellsTable } from '../world/unvisited-cells.ts';

it('docs/simulation.md names the cells that no world visits with the reasons of today', () => {
  expect(readFileSync('docs/simulation.md', 'utf8')).toContain(unvisitedCellsTable());
});

it('every cell that is named as not visited is a row of its table, and named once', () => {
  const rows = [...Object.entries(ORDER_TRANSITIONS), ...Object.entries(LANE_TRANSITIONS)];
  const known = new Set([
    ...RISK_CHECKS.map(({ code }) => `risk ${code} refuses`),
    ...rows.flatMap(([state, row]) =>
      Object.keys(row).flatMap((input) => [`order ${state} × ${input}`, `lane ${state} × ${input}`]),
    ),
  ]);
  const named = UNVISITED_CELLS.flatMap(({ cells }) => cells);
  expect(named.filter((cell) => !known.has(cell))).toEqual([]);
  expect(new Set(named).size).toBe(named.length);
});
