/** First and last of a run of sequence numbers, both included. */
export type SequenceRange = readonly [first: number, last: number];

/** Runs in ascending order, none of which touch or overlap. */
export type SequenceRanges = readonly SequenceRange[];

/** Whether `sequence` lies in one of the runs. */
export function includes(ranges: SequenceRanges, sequence: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range === undefined) return false;
    if (sequence < range[0]) high = middle - 1;
    else if (sequence > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}

/** The runs with one more; what touches becomes one. */
export function withRange(ranges: SequenceRanges, added: SequenceRange): SequenceRanges {
  let [first, last] = added;
  const before: SequenceRange[] = [];
  const after: SequenceRange[] = [];
  for (const range of ranges) {
    if (range[1] < first - 1) before.push(range);
    else if (range[0] > last + 1) after.push(range);
    else {
      first = Math.min(first, range[0]);
      last = Math.max(last, range[1]);
    }
  }
  return [...before, [first, last], ...after];
}

/** How many numbers the runs hold. */
export function countOf(ranges: SequenceRanges): number {
  return ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
}
