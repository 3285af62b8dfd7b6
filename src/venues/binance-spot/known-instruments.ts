import type { Instrument } from '#core/market/instrument.ts';
import type { AccountRuntime } from '../venue.ts';
import { fetchInstruments } from './instruments.ts';

/** The instruments by which holdings are told: those that the runtime knows, or else those that the venue lists, asked for once. */
export interface KnownInstruments {
  /** Rejects with a `VenueError` where the venue must be asked and does not answer. */
  load(): Promise<void>;
  all(): Iterable<Instrument>;
}

export function createKnownInstruments(runtime: AccountRuntime): KnownInstruments {
  let fetched: readonly Instrument[] = [];
  const told = (): readonly Instrument[] => [...(runtime.instruments?.().values() ?? [])];
  return {
    async load() {
      if (fetched.length === 0 && told().length === 0) fetched = await fetchInstruments(runtime);
    },
    all() {
      const known = told();
      return known.length === 0 ? fetched : known;
    },
  };
}
