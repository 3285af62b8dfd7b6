import { z } from 'zod';
import { MODES } from '../control/unit.ts';
import { ORDER_STATES, TRADING_EVENT_BODIES } from '../events/trading-event.ts';
import { VENUES } from '../market/instrument.ts';

const decimal = z.string().regex(/^-?\d+(\.\d+)?$/, 'decimal text');
const evidence = TRADING_EVENT_BODIES['order.state'].shape.evidence;

/** States in which an order has ended. */
export const END_STATES = ['Denied', 'Filled', 'Canceled', 'Rejected', 'Expired'] as const;
export type EndState = (typeof END_STATES)[number];

/** The order that an execution follows; the execution's input is `{order: …}` and its name the client order id. */
export const CONFIRMED_ORDER = z.object({
  clientOrderId: z.string().regex(/^[0-9A-Za-z-]{1,36}$/),
  mode: z.enum(MODES),
  account: z.string(),
  venue: z.enum(VENUES),
  lane: z.string(),
  symbol: z.string(),
  /** When it was intended by the engine's wall clock, ms: the deadline counts from here. */
  intendedAt: z.number(),
  /** Nothing of it can have happened at the venue before this, ms. */
  windowFrom: z.number(),
});
export type ConfirmedOrder = z.infer<typeof CONFIRMED_ORDER>;

/** An end with what proves it: from the engine's own report (`callback`) or from a person. */
export const CONFIRMATION_END = z.object({
  by: z.enum(['callback', 'person']),
  state: z.enum(END_STATES),
  cumulativeSize: decimal.nullable(),
  evidence,
});
export type ConfirmationEnd = z.infer<typeof CONFIRMATION_END>;

/** What the venue and the ledger said of the order in one round. */
export const CONFIRMATION_QUERY = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('failed'),
    round: z.number(),
    at: z.number(),
    reason: z.string(),
    onlyCloses: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal('answered'),
    round: z.number(),
    /** Wall clock when the first question was asked, ms. */
    at: z.number(),
    /** The order can only close a position, by what the venue or the ledger says of it. */
    onlyCloses: z.boolean().optional(),
    /** Null: no endpoint that could hold the order knows it. */
    order: z
      .object({
        venueOrderId: z.string(),
        status: z.enum(['accepted', 'partiallyFilled', 'filled', 'canceled', 'rejected', 'expired']),
        size: decimal,
        cumulativeSize: decimal,
        venueTime: z.number(),
      })
      .nullable(),
    /** Among the open orders of its symbol. */
    listedOpen: z.boolean(),
    /** Its fills since the start of its window. */
    fills: z.array(z.object({ fillId: z.string(), size: decimal })),
    /** The venue's position in its symbol. */
    position: decimal,
    ledger: z.object({
      state: z.enum(ORDER_STATES).nullable(),
      venueOrderId: z.string().nullable(),
      size: decimal.nullable(),
      cumulativeSize: decimal,
      evidence,
      position: decimal,
    }),
  }),
]);
export type ConfirmationQuery = z.infer<typeof CONFIRMATION_QUERY>;

/** Waits of one state machine, given to each step by its definition. */
export const CONFIRMATION_SETTINGS = z.object({
  /** Waits for the callback, growing; a decision names one by its index. */
  waitSeconds: z.array(z.number().positive()).min(1),
  /** From the intent: an order that has not ended by then is cancelled, unless it can only close a position. */
  deadlineSeconds: z.number().positive(),
  /** From the first cancel: what is unclear by then is unknown. */
  verifySeconds: z.number().positive(),
  /** How long the ledger may lack, or contradict, what the venue says. */
  graceSeconds: z.number().nonnegative(),
});
export type ConfirmationSettings = z.infer<typeof CONFIRMATION_SETTINGS>;

/** Everything known about one confirmation: the state that the state machine carries from step to step. */
export const CONFIRMATION_RECORD = z.object({
  order: CONFIRMED_ORDER,
  /** Decisions made. */
  rounds: z.number().int().nonnegative().default(0),
  callback: CONFIRMATION_END.nullable().default(null),
  query: CONFIRMATION_QUERY.nullable().default(null),
  /** The venue has known the order at least once: its absence is then forgetfulness, never proof. */
  everFound: z.boolean().default(false),
  /** Somebody has said that it can only close a position: it may be all the protection that is left, and is not cancelled. Absent: nobody has. */
  onlyCloses: z.boolean().optional(),
  /** Rounds in a row with a complete answer that found nothing of the order. */
  absentRounds: z.number().int().nonnegative().default(0),
  /** Since when the venue says an end that the ledger does not say, ms; null: it does not. */
  apartSince: z.number().nullable().default(null),
  cancel: z
    .object({
      attempts: z.number().int().positive(),
      firstAt: z.number(),
      /** `accepted`, `rejected`, `unknown`, `notSent`: what the venue answered last. */
      answer: z.enum(['accepted', 'rejected', 'unknown', 'notSent']),
      text: z.string(),
    })
    .nullable()
    .default(null),
});
export type ConfirmationRecord = z.infer<typeof CONFIRMATION_RECORD>;

/** How an execution ended: the output that it leaves behind. `nobody`: the state remains Unknown. */
export interface ConfirmationOutcome {
  readonly clientOrderId: string;
  readonly state: EndState | 'Unknown';
  readonly by: 'callback' | 'query' | 'person' | 'nobody';
  readonly evidence: ConfirmationEnd['evidence'];
  readonly reason: string;
}
