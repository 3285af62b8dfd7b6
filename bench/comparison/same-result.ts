import type { BookStart, Level, Reader, ReaderKind, ReadQuote, ReadTrade } from './reader.ts';

/** The books are compared price by price each time after so many frames, and at the end. */
const FRAMES_BETWEEN_BOOKS = 500;

/**
 * Reads the same frames with two readers side by side. Null if both say the same after every frame (best prices, trades field by field, quotes) and build
 * the same books; else the first difference. Decimals must be the same doubles.
 */
export function firstDifference(reference: ReaderKind, other: ReaderKind, start: BookStart): string | null {
  const { frames, scales } = start.corpus;
  const [one, two] = [reference.create(start), other.create(start)];
  const tick = 10 ** -scales.priceScale;
  for (const [index, frame] of frames.entries()) {
    one.read(frame);
    two.read(frame);
    const difference = eventDifference(one, two) ?? topDifference(one, two, tick);
    if (difference !== null) return `frame ${index}: ${difference}`;
    if (index % FRAMES_BETWEEN_BOOKS > 0 && index < frames.length - 1) continue;
    const levels = bookDifference(one, two);
    if (levels !== null) return `frame ${index}: ${levels}`;
  }
  return null;
}

function eventDifference(one: Reader, two: Reader): string | null {
  for (const kind of ['trades', 'quotes'] as const) {
    if (one.said[kind] !== two.said[kind]) return `${one.said[kind]} and ${two.said[kind]} ${kind}`;
  }
  return (
    fieldDifference<ReadTrade>(one.lastTrade(), two.lastTrade()) ??
    fieldDifference<ReadQuote>(one.lastQuote(), two.lastQuote())
  );
}

/** What is not the last message of ours is not asked for: null on either side says nothing. */
function fieldDifference<Event extends object>(one: Event | null, two: Event | null): string | null {
  if (one === null || two === null) return null;
  const fields = Object.keys(one) as (keyof Event)[];
  const different = fields.find((field) => one[field] !== two[field]);
  return different === undefined
    ? null
    : `${String(different)} is ${String(one[different])} and ${String(two[different])}`;
}

function topDifference(one: Reader, two: Reader, tick: number): string | null {
  const [ours, theirs] = [one.top() * one.topUnit, two.top() * two.topUnit];
  return Math.abs(ours - theirs) < tick / 1_000 ? null : `best prices add up to ${ours} and ${theirs}`;
}

function bookDifference(one: Reader, two: Reader): string | null {
  for (const side of ['buy', 'sell'] as const) {
    const [ours, theirs] = [one.levels(side), two.levels(side)];
    if (ours.length !== theirs.length) return `${ours.length} and ${theirs.length} levels to ${side}`;
    const rank = ours.findIndex((level, at) => !isSame(level, theirs[at]));
    if (rank >= 0) return `level ${rank} to ${side} is ${ours[rank]} and ${theirs[rank]}`;
  }
  return null;
}

function isSame(one: Level, two: Level | undefined): boolean {
  return two !== undefined && one[0] === two[0] && one[1] === two[1];
}
