import type { Instrument } from '#core/market/instrument.ts';
import type { AccountRuntime } from '../venue.ts';
import { fetchInstruments } from './instruments.ts';

/** The instruments by which holdings are told: those that the runtime knows, and where they do not do, those that the venue lists. */
export interface KnownInstruments {
  /**
   * Asks the venue where nothing is known yet, or one of `symbols` is not: a pair may be listed at any time, and one that is not known must not be taken for one of which
   * nothing is held. Rejects with a `VenueError` where the venue does not answer.
   */
  load(symbols?: readonly string[]): Promise<void>;
  all(): Iterable<Instrument>;
}

/** A symbol that the venue does not list is not asked for again before that. */
const ASK_AGAIN_MS = 60_000;

export function createKnownInstruments(runtime: AccountRuntime): KnownInstruments {
  let fetched: ReadonlyMap<string, Instrument> = new Map();
  let askAgainAt = Number.NEGATIVE_INFINITY;

  function all(): ReadonlyMap<string, Instrument> {
    const told = runtime.instruments?.();
    if (told === undefined) return fetched;
    return fetched.size === 0 ? told : new Map([...fetched, ...told]);
  }

  return {
    async load(symbols = []) {
      const known = all();
      if (known.size > 0 && symbols.every((symbol) => known.has(symbol))) return;
      const now = runtime.clock.monoNanos() / 1e6;
      if (known.size > 0 && now < askAgainAt) return;
      fetched = new Map((await fetchInstruments(runtime)).map((each) => [each.symbol, each]));
      askAgainAt = now + ASK_AGAIN_MS;
    },
    all: () => all().values(),
  };
}
