/** So often worlds must have come by a cell before what they show of it counts. */
export const ENOUGH_VISITS = 20;

/** Cells of the order and lane tables, and refusals of risk, that nothing can come by, with the reason: the code never asks there. docs/simulation.md shows this list, and a test holds it to it. */
export const UNVISITED_CELLS: readonly { readonly cells: readonly string[]; readonly because: string }[] = [
  {
    cells: ['order Initialized × deny'],
    because: 'what risk refuses is told and never becomes an order (`order-gate.ts`)',
  },
  {
    cells: of('absent', ['Submitted', 'PendingCancel']),
    because:
      'a request without an answer is Unknown after the 5 s that its port waits, and absence counts in answers to questions of more than 6 s after it (`order-desk.ts`)',
  },
  {
    cells: of('absent', ['Accepted']),
    because:
      'what works has an id of the venue, from the answer or the report that said so, and what has one is never absent (`order-desk.ts`, F4)',
  },
  {
    cells: of('placeNotSent', ['PendingCancel']),
    because:
      'that nothing was sent is said by the call that was to send it, or in its microtask, before any other input can wish it cancelled',
  },
  {
    cells: of('replaced', ['Accepted', 'PartiallyFilled', 'PendingCancel', 'Filled', 'Canceled', 'Expired', 'Unknown']),
    because:
      'the table is asked whether an amendment was carried out only while the order is PendingReplace (`amendments.ts`)',
  },
  {
    cells: [
      ...of('replaceRefused', ['Filled', 'Canceled', 'Rejected', 'Expired']),
      ...of('replaceUnknown', ['Filled', 'Canceled', 'Rejected', 'Expired']),
    ],
    because:
      'an amendment ends with its order, and the answer to one that has ended is not brought to the table (`order-desk.ts`, `amendments.ts`)',
  },
  {
    cells: of('cancelRefused', ['PendingReplace']),
    because: 'what is wished cancelled is amended no more, and the wish is never taken back (`amendments.ts`)',
  },
  {
    cells: ['risk BOOK_INVALID refuses'],
    because:
      'entries are decided on where the book is whole alone (`lane.ts`, `resting-entry.ts`), and no strategy asks for one where a side of it is empty',
  },
  {
    cells: ['risk EXIT_AT_WORK refuses'],
    because:
      'where a venue has no reduce-only orders an exit waits until no other is at work (`protection.ts`, `take-profit.ts`), and the engine holds the stop',
  },
];

/** As docs/simulation.md shows it. */
export function unvisitedCellsTable(): string {
  const rows = UNVISITED_CELLS.map(
    ({ cells, because }) => `| ${cells.map((cell) => `\`${cell}\``).join(', ')} | ${because} |`,
  );
  return ['| cells | why |', '| --- | --- |', ...rows].join('\n');
}

function of(input: string, states: readonly string[]): string[] {
  return states.map((state) => `order ${state} × ${input}`);
}
