import type { ScannedLane } from '#core/config/scanner-configuration.ts';
import { MillraceError } from '#core/errors.ts';
import type { LaneFeed } from './lane-feed.ts';
import type { ReadLaneMemory } from './symbol-locator.ts';

/** What a unit needs whose lanes' symbols scanners pick. */
export interface UnitScanning {
  readonly lanes: readonly ScannedLane[];
  readonly feed: LaneFeed;
  readonly readLaneMemory: ReadLaneMemory;
}

/** Of a unit whose lanes all have symbols of their own. */
export const NO_SCANNING: UnitScanning = {
  lanes: [],
  feed: {
    carry: (symbol) => Promise.reject(new MillraceError('configuration', 'NO_FEED', `symbol=${symbol}`)),
    release: () => Promise.resolve(),
    book: () => null,
  },
  readLaneMemory: () => Promise.resolve({ symbol: null, heights: null }),
};
