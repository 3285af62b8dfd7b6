import { BinanceScanner, type HotEvents } from '../binance/market-scanner.ts';
import { FIELD } from '../binance/scan-fields.ts';
import { StreamTime } from '../binance/stream-time.ts';
import type { ScanTarget } from '../venue.ts';

const { E, T, s, U, u, pu, b, B, a, A, t, p, q, nq, f, l, m, X, st, ps } = FIELD;

/** The hot events of USD-M futures; `st`, `ps` and `nq` came with the migration of coin-margined contracts. */
const HOT_EVENTS: HotEvents = {
  depth: { required: E | T | s | U | u | pu | b | a, optional: st | ps },
  quote: { required: E | T | s | u | b | B | a | A, optional: st | ps },
  trade: { required: E | T | s | t | p | q | X | m, optional: st | ps | nq },
  aggregate: { required: E | T | s | a | p | q | f | l | m, optional: st | ps | nq },
  quoteIsNamed: true,
};

/** Reads the hot events of USD-M futures from their bytes. */
export class BinanceUsdmScanner extends BinanceScanner {
  constructor(target: ScanTarget, time = new StreamTime()) {
    super(target, time, HOT_EVENTS);
  }
}
