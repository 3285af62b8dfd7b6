import { z } from 'zod';
import { epochMs } from './event-values.ts';

/** The payloads of the events that account for market data: what came, what became of it, and what is missing. */
export const FEED_EVENT_BODIES = {
  'feed.gap': z
    .object({
      connection: z.string(),
      symbol: z.string(),
      reason: z.string(),
      lastSequence: z.string().nullable(),
      firstSequence: z.string().nullable(),
    })
    .describe(
      'Market data is missing between two venue sequence numbers: declared when the successor has its first valid book.',
    ),
  'feed.closed': z
    .object({
      connection: z.string(),
      how: z.enum(['inOrder', 'torn']),
      received: z.number(),
      published: z.number(),
      shed: z.number(),
    })
    .describe('The conservation account of one market connection.'),
  'feed.hour': z
    .object({
      connection: z.string(),
      /** End of the hour. */
      hourEnd: epochMs,
      /** Sequence numbers of the frames received in the hour; with `received` 0 the last is below the first. */
      firstSequence: z.number(),
      lastSequence: z.number(),
      received: z.number(),
      /** Settled in the hour. */
      published: z.number(),
      shed: z.number(),
      /** Received and not settled yet at its end. */
      pending: z.number(),
      /** Frames that should have been settled by now and are not, or were settled without having been received; 0 unless something is wrong. */
      difference: z.number(),
    })
    .describe('The conservation account of one market connection and hour.'),
} as const;
