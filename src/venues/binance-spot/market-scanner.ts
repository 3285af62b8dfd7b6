import { BinanceScanner, type HotEvents } from '../binance/market-scanner.ts';
import { FIELD } from '../binance/scan-fields.ts';
import { StreamTime } from '../binance/stream-time.ts';
import type { ScanTarget } from '../venue.ts';

const { E, T, s, U, u, b, B, a, A, t, p, q, f, l, m, M } = FIELD;

/** The hot events of spot; `a` and `b` of a trade, the two orders' ids, are of older recordings. */
const HOT_EVENTS: HotEvents = {
  depth: { required: E | s | U | u | b | a, optional: 0 },
  quote: { required: s | u | b | B | a | A, optional: E | T },
  trade: { required: E | T | s | t | p | q | m, optional: M | a | b },
  aggregate: { required: E | T | s | a | p | q | f | l | m, optional: M },
  quoteIsNamed: false,
};

/** Reads the hot events of spot from their bytes. `time` is shared with the parser: quotes have no time of their own. */
export class BinanceSpotScanner extends BinanceScanner {
  constructor(target: ScanTarget, time = new StreamTime()) {
    super(target, time, HOT_EVENTS);
  }
}
