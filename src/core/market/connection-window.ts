import type { EpochMs } from '../time/clock.ts';

/**
 * Which part of the venue's time a connection stands for while two carry the same (make before break): what happened at `from` or later, and before `until`. Both connections are
 * recorded whole; what counts events (trades into candles) takes each from the one connection whose window holds the venue's time of it.
 */
export interface ConnectionWindow {
  readonly from: EpochMs | null;
  readonly until: EpochMs | null;
}

const JOINING = 'joining';
const WINDOWED = /@(?:(joining)|(\d+)?-(\d+)?)$/;

/** The window is the end of a connection's name, so that every record carries it: `…/public/2@1700000000000-`. */
export function withWindow(name: string, { from, until }: ConnectionWindow): string {
  return `${name}@${from === null ? '' : Math.round(from)}-${until === null ? '' : Math.round(until)}`;
}

/** A connection that stands for nothing yet: its window is not known. */
export function asJoining(name: string): string {
  return `${name}@${JOINING}`;
}

/** Whether what the venue dates at `exchangeTime` is this connection's to count. */
export function countsFor(connection: string, exchangeTime: EpochMs): boolean {
  const found = WINDOWED.exec(connection);
  if (found === null) return true;
  const [, joining, from, until] = found;
  if (joining !== undefined) return false;
  return (from === undefined || exchangeTime >= Number(from)) && (until === undefined || exchangeTime < Number(until));
}
