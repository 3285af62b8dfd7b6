/** So often worlds must have come by a cell before what they show of it counts. */
export const ENOUGH_VISITS = 20;

/** Cells of the order and lane tables that worlds do not come by that often, with the reason. docs/simulation.md shows this list, and a test holds it to it. */
export const UNVISITED_CELLS: readonly { readonly cells: readonly string[]; readonly because: string }[] = [
  {
    cells: ['order Initialized × deny'],
    because: 'risk refuses before there is an order',
  },
  {
    cells: ['order Submitted × absent', 'order Accepted × absent', 'order PendingCancel × absent'],
    because: 'an unanswered request is Unknown before absence can count, and an acknowledged order is never absent',
  },
  {
    cells: ['order PendingCancel × placeNotSent'],
    because: 'what was not sent is said at once, before anything can be wished of it',
  },
  {
    cells: of('replaced', ['Accepted', 'PartiallyFilled', 'PendingCancel', 'Filled', 'Canceled', 'Expired', 'Unknown']),
    because: 'the table is asked whether an amendment was carried out only while the order is PendingReplace',
  },
  {
    cells: [
      ...of('replaceRefused', ['Filled', 'Canceled', 'Rejected', 'Expired']),
      ...of('replaceUnknown', ['Filled', 'Canceled', 'Rejected', 'Expired']),
    ],
    because: 'an amendment ends with its order: its late answer is not brought to the table',
  },
  {
    cells: ['order Rejected × placeRejected', 'order PartiallyFilled × rejected'],
    because: 'one answer follows a request, and the matching engine takes no execution back',
  },
  {
    cells: of('cancelRefused', ['PendingReplace', 'PartiallyFilled', 'Accepted']).concat(
      of('cancelUnknown', ['PendingReplace', 'PartiallyFilled', 'Accepted', 'Expired']),
    ),
    because:
      'a cancel that was sent leaves these states, and what is wished cancelled is amended no more: only a report between two answers leads back, too seldom to count',
  },
  {
    cells: of('replaceRefused', ['Accepted', 'PartiallyFilled', 'PendingCancel', 'Unknown']).concat(
      of('replaceUnknown', ['Accepted', 'PartiallyFilled', 'PendingCancel', 'Unknown']),
    ),
    because: 'a cancel or a doubt must overtake the answer to an amendment: reachable, and too seldom to count',
  },
  {
    cells: [
      'order PendingReplace × placeRejected',
      'order PendingReplace × placeUnknown',
      'order PendingReplace × rejected',
    ],
    because:
      'the answer to the placing must come after the amendment of what it placed: reachable, and too seldom to count',
  },
  {
    cells: ['order Unknown × personFilled', 'order Unknown × personExpired', 'order Rejected × expired'],
    because: 'nobody may have been able to ask before a person has looked: reachable, and too seldom to count',
  },
  {
    cells: ['lane OrderPending × halt', 'lane PositionOpen × halt'],
    because: 'a third correction must fall into the moment between: reachable, and too seldom to count',
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
