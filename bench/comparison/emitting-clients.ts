import type { VenueId } from '#core/market/instrument.ts';
import type { Candidate } from '../benchmark.ts';
import type { Corpus } from '../corpus.ts';
import { pinnedPeers, requirePeer } from './install.ts';

interface EmittingClient {
  on(event: string, listener: () => void): void;
  onWsMessage(event: { type: string; data: string }, wsKey: string, socket: null): void;
}

interface EmittingPackage {
  readonly WebsocketClient: new (options: object, logger: object) => EmittingClient;
}

const CLIENTS: Readonly<Record<string, { readonly name: string; readonly wsKey: string }>> = {
  'binance-usdm': { name: 'binance', wsKey: 'usdm' },
  'binance-spot': { name: 'binance', wsKey: 'main' },
  'bybit-linear': { name: 'bybit-api', wsKey: 'v5LinearPublic' },
  'bybit-spot': { name: 'bybit-api', wsKey: 'v5SpotPublic' },
};

/** Clients that parse and emit but keep no book: shown beside the others with that difference, never as the same work. */
export function emittingCandidate(corpus: Corpus): Candidate | null {
  const found = CLIENTS[corpus.venue satisfies VenueId];
  if (found === undefined) return null;
  const { WebsocketClient } = requirePeer<EmittingPackage>(found.name);
  const failure = (...words: unknown[]): never => {
    throw new Error(`${found.name}: ${words.map(String).join(' ')}`);
  };
  const silent = (): void => undefined;
  const client = new WebsocketClient({}, { trace: silent, info: silent, error: failure });
  let emitted = 0;
  const count = (): void => {
    emitted += 1;
  };
  for (const event of ['update', 'message']) client.on(event, count);
  return {
    label: `${found.name} ${pinnedPeers()[found.name]}`,
    note: 'parses and emits only: no book, no normalized trade',
    pass() {
      emitted = 0;
      for (const frame of corpus.frames) {
        client.onWsMessage({ type: 'message', data: frame.toString() }, found.wsKey, null);
      }
      if (emitted < corpus.frames.length)
        throw new Error(`${found.name} emitted ${emitted} of ${corpus.frames.length}`);
      return { operations: emitted };
    },
  };
}
