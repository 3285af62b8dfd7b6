import type { VenueId } from '#core/market/instrument.ts';

/** What the two processes of a soak are started with, as JSON in their first argument. */
export interface VenueTask {
  readonly venues: readonly VenueId[];
  /** Market messages of all venues together. */
  readonly messagesPerSecond: number;
  readonly seed: number;
}

export interface EngineTask {
  readonly venues: readonly { readonly venue: VenueId; readonly urls: VenueUrls; readonly key: VenueKey }[];
  readonly streamUrl: string;
  readonly journalFolder: string;
  /** Memory kept for nothing, to see that it is found; 0 in a real soak. */
  readonly leakBytesPerSecond: number;
  readonly sampleMs: number;
  /** When the memory that is kept for good is looked at first, ms after the frames began; the second look is at the end. */
  readonly warmUpMs: number;
}

export interface VenueUrls {
  readonly market: string;
  readonly account: string;
  readonly orders: string;
  readonly rest: string;
}

export interface VenueKey {
  readonly key: string;
  readonly secret: string;
}

/** Sent by the soak to either process. */
export type SoakCommand =
  | { readonly kind: 'flow' }
  | { readonly kind: 'stopFlow' }
  | { readonly kind: 'finish'; readonly received: number }
  | { readonly kind: 'close' };

export type VenueMessage =
  | {
      readonly kind: 'open';
      readonly venues: readonly { readonly venue: VenueId; readonly urls: VenueUrls; readonly key: VenueKey }[];
    }
  | ({ readonly kind: 'sent' } & SentCounts);

/** What the venues handed to open market-data connections. */
export interface SentCounts {
  readonly market: number;
  /** Acknowledgements on the same connections: frames too. */
  readonly answers: number;
  readonly connections: number;
  readonly slowConsumers: number;
  readonly errors: readonly string[];
}

export type EngineMessage =
  | { readonly kind: 'live' }
  | ({ readonly kind: 'sample' } & Sample)
  | ({ readonly kind: 'ended' } & EngineCounts);

/** One look at the engine's process. Times in ms, sizes in bytes; counts since the look before, but for the frames, which are totals. */
export interface Sample {
  readonly atMs: number;
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly gcCount: number;
  readonly gcMs: number;
  readonly gcLongestMs: number;
  /** How much later than asked the event loop came to a timer. */
  readonly loopP50Ms: number;
  readonly loopP99Ms: number;
  readonly loopLongestMs: number;
  readonly publishLagMs: number;
  readonly received: number;
  readonly published: number;
  readonly shed: number;
}

export interface EngineCounts {
  readonly connections: readonly {
    readonly connection: string;
    readonly venue: string;
    readonly received: number;
    readonly published: number;
    readonly shed: number;
    readonly shedBy: Readonly<Record<string, number>>;
  }[];
  readonly badFrames: number;
  readonly bookGaps: number;
  readonly bookMessages: number;
  /** What became of orders and how many fills there were, by name. */
  readonly orders: Readonly<Record<string, number>>;
  /** Heap and outside buffers after a full collection, at the end of the warm-up and at the end: what is held, whatever the collector is late with. */
  readonly retained: readonly { readonly atMs: number; readonly bytes: number }[];
  readonly complaints: readonly string[];
}
