/** What the three processes of a loopback run say to each other. */

export interface Load {
  /** As fast as the client reads; or evenly, one write for each message. */
  readonly mode: 'flood' | 'paced';
  readonly seconds: number;
  /** Paced only. */
  readonly messagesPerSecond: number;
}

export interface ServerTask {
  readonly load: Load;
}

export type ServerMessage =
  | { readonly kind: 'listening'; readonly port: number }
  /** All messages were handed to the kernel. `sentAt`: when each was, ns of the machine's monotonic clock; of paced runs. */
  | { readonly kind: 'sent'; readonly count: number; readonly sentAt: Float64Array };

export const CLIENTS = [
  'count, ws',
  'count, frame reader',
  'Millrace, ws',
  'Millrace, frame reader',
  'ccxt pro',
  'bybit-api',
  'tardis-dev',
] as const;
export type ClientName = (typeof CLIENTS)[number];

export interface ClientTask {
  readonly client: ClientName;
  readonly url: string;
  readonly load: Load;
  /** Of the beginning: not measured. */
  readonly warmUpSeconds: number;
}

/** Sent to the client when the server is done. */
export interface FinishCommand {
  readonly kind: 'finish';
  readonly count: number;
}

export type ClientMessage =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'result';
      /** Messages that came; each is counted where the client has read it and applied it to its book, if it has one. */
      readonly received: number;
      /** Times that the user's own code was called. */
      readonly callbacks: number;
      /** After the warm-up. */
      readonly messages: number;
      readonly seconds: number;
      readonly cpuMs: number;
      /** When each message had been decided on, ns; of paced runs. */
      readonly decidedAt: Float64Array;
      /** What was decided: the same for all that keep a book, if all had the same messages. */
      readonly decisions: number;
    };
