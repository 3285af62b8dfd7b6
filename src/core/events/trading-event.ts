import { z } from 'zod';
import { MODES } from '../control/unit.ts';
import { SWITCH_STATES } from '../lanes/switch-state.ts';
import { VENUES } from '../market/instrument.ts';
import { AMENDMENT_OUTCOMES } from '../orders/amendment.ts';
import { BREAKER_KINDS } from '../risk/breaker.ts';
import { decimal, epochMs } from './event-values.ts';
import { FEED_EVENT_BODIES } from './feed-event-bodies.ts';

/** Version of the envelope and of every payload. Changes are additive; consumers deploy first; an unknown version is held and retried. */
export const TRADING_EVENT_VERSION = 1;

const side = z.enum(['buy', 'sell']);

/** States of an order; the transition table is `core/orders/order-state.ts`. */
export const ORDER_STATES = [
  'Initialized',
  'Denied',
  'Submitted',
  'Accepted',
  'PartiallyFilled',
  'PendingCancel',
  'PendingReplace',
  'Filled',
  'Canceled',
  'Rejected',
  'Expired',
  'Unknown',
] as const;
export type OrderState = (typeof ORDER_STATES)[number];

/** States of a lane; the transition table is `core/lanes/lane-state.ts`. */
export const LANE_STATES = ['Idle', 'OrderPending', 'PositionOpen', 'Closing', 'Halted'] as const;
export type LaneState = (typeof LANE_STATES)[number];

const evidence = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('accountStream'), venueOrderId: z.string(), venueTime: epochMs }),
  z.object({ kind: z.literal('answer'), code: z.string(), text: z.string() }),
  z.object({ kind: z.literal('query'), venueOrderId: z.string(), venueTime: epochMs }),
  z.object({ kind: z.literal('fills'), fillIds: z.array(z.string()) }),
  z.object({ kind: z.literal('agreedAbsence'), queriedAt: epochMs, windowFrom: epochMs, position: z.string() }),
  z.object({ kind: z.literal('notSent'), reason: z.string() }),
  z.object({ kind: z.literal('person'), who: z.string(), note: z.string() }),
]);

/** Stage stamps of the path of one decision, ns of the engine's monotonic clock, except `venue`: ms of the venue's clock. Null: stage not passed. */
const stamps = z.object({
  venue: epochMs.nullable(),
  socket: z.number().nullable(),
  decoded: z.number().nullable(),
  decided: z.number().nullable(),
  sent: z.number().nullable(),
  acked: z.number().nullable(),
});
export type StageStamps = z.infer<typeof stamps>;

/** Of what is decided on a book: the stages that it has passed by then. */
export function stampsOfDecision(venue: number, socket: number, decoded: number): StageStamps {
  return { venue, socket, decoded, decided: null, sent: null, acked: null };
}

/** The payload of each event type. The reference document `docs/events.md` is generated from this table. */
export const TRADING_EVENT_BODIES = {
  'order.intended': z
    .object({
      clientOrderId: z.string(),
      lane: z.string(),
      symbol: z.string(),
      side,
      orderType: z.enum(['limit', 'market', 'stopMarket', 'takeProfitMarket']),
      timeInForce: z.enum(['gtc', 'ioc', 'fok', 'postOnly']),
      price: decimal.nullable(),
      /** Of stop orders alone. */
      triggerPrice: decimal.optional(),
      size: decimal,
      reduceOnly: z.boolean(),
      purpose: z.enum(['entry', 'takeProfit', 'stopLoss', 'flatten']),
      /** Price the signal was made at, and its age (S6). */
      signalPrice: decimal,
      signalAgeMs: z.number().nonnegative(),
      /** Whether Step Functions follows this order. */
      confirm: z.boolean(),
      /** What of the base asset is not the lane's, base units: a spot position is the venue's balance less this. Absent: nothing. */
      reservedSize: decimal.optional(),
      /** A successor tells it anew, from the venue's word: price, size and time in force are those of now, which an amendment, or a position that shrank, may have changed. */
      retold: z.literal(true).optional(),
    })
    .describe('A lane decided on an order. It is durable before or while the order is sent.'),
  'order.denied': z
    .object({ clientOrderId: z.string(), lane: z.string(), symbol: z.string(), code: z.string(), detail: z.string() })
    .describe('Risk refused an intended order; it never left the process.'),
  'order.state': z
    .object({
      clientOrderId: z.string(),
      lane: z.string(),
      symbol: z.string(),
      from: z.enum(ORDER_STATES),
      to: z.enum(ORDER_STATES),
      terminal: z.boolean(),
      venueOrderId: z.string().nullable(),
      cumulativeSize: decimal,
      size: decimal,
      reason: z.string(),
      /** Of an order that nobody here placed, and that has no intent: what it is. Its id is `foreign-` and the venue's own. */
      foreign: z.object({ side, reduceOnly: z.boolean() }).optional(),
      /** From here Step Functions follow the order, which rested before: a stop may rest for days, and no confirmation's deadline may take it away. */
      confirm: z.literal(true).optional(),
      /** Present on every terminal state (M1). */
      evidence: z.array(evidence),
    })
    .describe('An order changed its state, with the evidence for it.'),
  'order.amended': z
    .object({
      clientOrderId: z.string(),
      lane: z.string(),
      symbol: z.string(),
      /** What was asked for: limit price and total size. */
      price: decimal,
      size: decimal,
      outcome: z.enum(AMENDMENT_OUTCOMES),
      reason: z.string(),
    })
    .describe('What became of an amendment; what became of its order is told apart (F14).'),
  fill: z
    .object({
      fillId: z.string(),
      symbol: z.string(),
      clientOrderId: z.string().nullable(),
      venueOrderId: z.string(),
      side,
      price: decimal,
      size: decimal,
      fee: decimal,
      feeCurrency: z.string(),
      /** What the position is folded by; absent: `linear`. */
      contract: z.enum(['spot', 'linear', 'inverse', 'option', 'equity']).optional(),
      /** What the fee took from the position itself, base units: spot fees that are kept back from the base asset. */
      positionFee: decimal.optional(),
      /** The fee in the currency of the profit; absent: not told, or paid in another currency, of which no price is known yet. */
      settlementFee: decimal.optional(),
      /** What converted it from another currency: a price of the fill's time, and where it is from. */
      feePrice: z.object({ price: decimal, source: z.string(), time: epochMs }).optional(),
      /** What the day's profit carries while the fee is not converted: more than it can be. */
      feeBound: decimal.optional(),
      liquidity: z.enum(['maker', 'taker']),
      cause: z.enum(['trade', 'liquidation', 'adl', 'settlement']),
      venueTime: epochMs,
    })
    .describe('One execution, as the venue reported it; applied once by its id, whatever epoch it comes under.'),
  'fee.priced': z
    .object({
      fillId: z.string(),
      symbol: z.string(),
      fee: decimal,
      feeCurrency: z.string(),
      /** The fee in the currency of the profit. */
      settlementFee: decimal,
      price: decimal,
      source: z.string(),
      /** When the price was true. */
      time: epochMs,
    })
    .describe('The fee of a fill was converted, at a price of its time that came after it.'),
  'position.adjusted': z
    .object({
      adjustmentId: z.string(),
      symbol: z.string(),
      /** Signed change of size. */
      delta: decimal,
      /** `recovered`: a recovery found nothing to adjust. */
      reason: z.enum(['opening', 'settlement', 'transfer', 'adopted', 'correction', 'recovered']),
      evidence: z.string(),
      price: decimal.nullable(),
      /** As of a fill. */
      contract: z.enum(['spot', 'linear', 'inverse', 'option', 'equity']).optional(),
      /** Of a recovery: adjustments of earlier leases, from `fromEpoch` on, that are not `known` had not reached the ledger when it compared with the venue. Its own comprises them, and they do not count. */
      supersedes: z.object({ fromEpoch: z.number().int().nonnegative(), known: z.array(z.string()) }).optional(),
    })
    .describe('A change of position that no fill explains, with its reason and evidence.'),
  'position.checked': z
    .object({
      symbol: z.string(),
      engine: decimal,
      venue: decimal,
      agree: z.boolean(),
      /** Whose position it is, in those that the ledger keeps: each that says something new, and one each ten seconds. */
      lane: z.string().optional(),
    })
    .describe('The engine compared its position with the venue (every 5 s and after each reconnect).'),
  'cash.adjusted': z
    .object({
      adjustmentId: z.string(),
      /** `opening`, `correction`: by the reconciler, where wallet and ledger differ. */
      reason: z.enum(['funding', 'settlement', 'transfer', 'opening', 'correction']),
      symbol: z.string().nullable(),
      currency: z.string(),
      /** Signed change of the balance. */
      amount: decimal,
      /** What of it no fill has told as profit; absent: all of it. */
      profit: decimal.optional(),
      /** Of the reconciler: what it was compared with. */
      evidence: z.string().optional(),
      venueTime: epochMs,
    })
    .describe('Money that moved without a fill, as the venue reported it; applied once by its id.'),
  balance: z
    .object({ currency: z.string(), walletBalance: decimal, availableBalance: decimal.nullable(), venueTime: epochMs })
    .describe('A balance as the venue reported it.'),
  'lane.state': z
    .object({
      lane: z.string(),
      symbol: z.string(),
      from: z.enum(LANE_STATES),
      to: z.enum(LANE_STATES),
      reason: z.string(),
      /** Of a lane that halts: the version of the wish that was in force. Only a newer one to run ends it, whoever holds the unit then. */
      haltedUnder: z.number().optional(),
    })
    .describe('A lane changed its state.'),
  'profit.peak': z
    .object({
      lane: z.string(),
      symbol: z.string(),
      /** UTC day, days since 1970. */
      day: z.number().int(),
      /** Highest profit of the day so far, in the currency that the symbol settles in. */
      peak: decimal,
      /** The same of all lanes of the unit, in the reporting currency; absent: nothing limits them together. */
      unitPeak: decimal.optional(),
    })
    .describe('The profit of the day came to a new height: a successor measures drawdowns from there.'),
  'risk.breakers': z
    .object({
      lane: z.string(),
      symbol: z.string(),
      /** All that are not closed, of the lane and of its unit. */
      open: z.array(
        z.object({
          breaker: z.enum(BREAKER_KINDS),
          reason: z.string(),
          /** How often in a row it has opened. */
          failures: z.number().int(),
          /** When entries are tried again, ms; null: they are being tried. */
          until: z.number().nullable(),
        }),
      ),
    })
    .describe('A breaker opened, is tried or closed: those that are not closed. A successor goes on with them.'),
  'lane.entries': z
    .object({ lane: z.string(), symbol: z.string(), paused: z.boolean(), reason: z.string() })
    .describe('Entries of a lane were paused or resumed.'),
  'lane.symbol': z
    .object({
      lane: z.string(),
      /** The symbol that has the lane; null: none has. */
      symbol: z.string().nullable(),
      /** Where it is to go. */
      target: z.string().nullable(),
      from: z.enum(SWITCH_STATES),
      to: z.enum(SWITCH_STATES),
      /** Counts the lanes that it has had under this lease: no tick of an earlier one reaches a later one. */
      generation: z.number().int().nonnegative(),
      reason: z.string(),
    })
    .describe('A lane whose symbol a scanner picks took a step from one symbol to another.'),
  'lane.heights': z
    .object({
      lane: z.string(),
      /** UTC day, days since 1970. */
      day: z.number().int(),
      /** By the currency that the symbols settle in. */
      heights: z.record(z.string(), decimal),
    })
    .describe(
      'How high the profit of the day came over all symbols that a scanned lane has had: drawdowns are measured from there, by a successor as well.',
    ),
  'scanner.proposed': z
    .object({
      scanner: z.string(),
      lane: z.string(),
      /** The lane's own, or the one it was on its way to. */
      from: z.string(),
      to: z.string(),
      /** Of all candidates, as they were judged; `score` null: it did not rank, and `reason` says why. */
      figures: z.array(
        z.object({
          symbol: z.string(),
          volatilityBps: z.number(),
          volumePerMinute: z.number(),
          spreadBps: z.number(),
          score: z.number().nullable(),
          reason: z.string().nullable(),
        }),
      ),
    })
    .describe('A scanner proposed another symbol to a lane, with the figures that it was made from.'),
  lease: z
    .object({
      name: z.string(),
      change: z.enum(['acquired', 'lost', 'released']),
      holder: z.string(),
      previousHolder: z.string().nullable(),
      reason: z.string(),
    })
    .describe('A lease changed hands.'),
  ...FEED_EVENT_BODIES,
  'command.applied': z
    .object({
      version: z.number(),
      wish: z.enum(['run', 'reduce', 'stop', 'flatten']),
      by: z.string(),
      reason: z.string(),
    })
    .describe('The engine took a desired state.'),
  'policy.changed': z
    .object({
      fromVersion: z.number().int(),
      toVersion: z.number().int(),
      /** Values as JSON text; `absent` where there was or is none. */
      settings: z.array(z.object({ path: z.string(), from: z.string(), to: z.string() })),
    })
    .describe(
      'A risk policy came into force for the unit: what is different from the one before, or, from version 0, from none (at the begin of each lease).',
    ),
  alert: z
    .object({
      severity: z.enum(['info', 'warning', 'critical']),
      code: z.string(),
      text: z.string(),
      dedupeKey: z.string(),
    })
    .describe('Something people should know.'),
} as const;

export type TradingEventType = keyof typeof TRADING_EVENT_BODIES;

const envelope = z.object({
  /** `<unit>/<epoch>/<sequence>`: the same for a re-sent event. */
  id: z.string().min(1),
  version: z.number().int().positive(),
  account: z.string(),
  mode: z.enum(MODES),
  venue: z.enum(VENUES),
  /** Partition key: order per unit is kept. */
  unit: z.string(),
  epoch: z.number().int().nonnegative(),
  /** 1, 2, 3 … within unit and epoch. */
  sequence: z.number().int().positive(),
  causationId: z.string().nullable(),
  traceId: z.string().nullable(),
  configurationHash: z.string(),
  build: z.string(),
  /** Wall clock of the engine, ms since 1970. */
  time: epochMs,
  stamps: stamps.nullable(),
});

type Envelope = z.infer<typeof envelope>;
type BodyOf<Type extends TradingEventType> = z.infer<(typeof TRADING_EVENT_BODIES)[Type]>;

/** One event of the `trading` stream; JSON in UTF-8. How events lie in records says `trading-record.ts`. */
export type TradingEvent = {
  [Type in TradingEventType]: Envelope & { readonly type: Type; readonly body: BodyOf<Type> };
}[TradingEventType];
export type TradingEventOf<Type extends TradingEventType> = Extract<TradingEvent, { type: Type }>;
export type TradingEventBody<Type extends TradingEventType> = BodyOf<Type>;

/** What reading an event gave. `unknownVersion` is held and retried, `malformed` goes to quarantine. */
export type ParsedTradingEvent =
  | { readonly kind: 'event'; readonly event: TradingEvent }
  | { readonly kind: 'unknownVersion'; readonly version: number }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Reads one event of the trading stream. Never throws. */
export function parseTradingEvent(bytes: Uint8Array): ParsedTradingEvent {
  let raw: unknown;
  try {
    raw = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { kind: 'malformed', reason: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const head = z.object({ version: z.number().int().positive(), type: z.string() }).safeParse(raw);
  if (!head.success) return { kind: 'malformed', reason: z.prettifyError(head.error) };
  if (head.data.version > TRADING_EVENT_VERSION) return { kind: 'unknownVersion', version: head.data.version };
  if (!isTradingEventType(head.data.type)) return { kind: 'malformed', reason: `unknown type ${head.data.type}` };
  const parsed = envelope
    .extend({ type: z.literal(head.data.type), body: TRADING_EVENT_BODIES[head.data.type] })
    .safeParse(raw);
  if (!parsed.success) return { kind: 'malformed', reason: z.prettifyError(parsed.error) };
  return { kind: 'event', event: parsed.data as TradingEvent };
}

function isTradingEventType(type: string): type is TradingEventType {
  return Object.hasOwn(TRADING_EVENT_BODIES, type);
}

const encoder = new TextEncoder();

/** Writes an event as one line of a record. */
export function encodeTradingEvent(event: TradingEvent): Uint8Array {
  return encoder.encode(JSON.stringify(event));
}
