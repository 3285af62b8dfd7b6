import type { FeedStatus } from './feed-runner.ts';
import type { LaneSwitchStatus } from './lane-switch.ts';
import type { UnitStatus } from './unit-status.ts';

/** State of one part of the engine, as people and alarms read it (T6). */
export interface PartHealth {
  readonly ok: boolean;
  readonly state: string;
}

/** A feed that is not held stands by, which is healthy; `notHeld` says why. */
export function feedHealth(feed: FeedStatus | null, notHeld: string | null): PartHealth {
  if (feed === null) return { ok: true, state: notHeld === null ? 'starting' : `standby: ${notHeld}` };
  const down = feed.connections.find((each) => each.status.state !== 'live');
  if (down !== undefined) {
    return { ok: false, state: `${down.name} ${down.status.state}: ${down.status.reason}` };
  }
  const invalid = feed.books.filter((book) => !book.valid).map((book) => book.symbol);
  if (invalid.length > 0) return { ok: false, state: `no valid book of ${invalid.join(' ')}` };
  const { offsetMs, alarm } = feed.venueClock;
  return {
    ok: true,
    state: alarm ? `live; the venue's clock is ${Math.round(offsetMs ?? 0)} ms ahead of ours` : 'live',
  };
}

export function unitHealth({ closed, fence }: UnitStatus): PartHealth {
  return { ok: closed === null && fence === null, state: closed ?? fence ?? 'trading' };
}

/** A lane on its way from one symbol to another takes no entries, which is healthy as long as the steps succeed. */
export function switchHealth({ state, reason, symbol, wanted }: LaneSwitchStatus): PartHealth {
  const way = symbol === wanted ? `${symbol}` : `${symbol ?? 'no symbol'} → ${wanted ?? 'not known yet'}`;
  return { ok: state !== 'Retrying', state: state === 'Trading' ? `trades ${way}` : `${state} (${way}): ${reason}` };
}
