import type { AccountRef } from '../control/unit.ts';
import type { TradingEvent } from '../events/trading-event.ts';
import { eventPrecedence, orderStatePrecedence, venuePrecedence } from './precedence.ts';

/** Parts of a ledger item; each part is written by its own kind of event and never touches the others. */
export type LedgerPart =
  | 'intent'
  | 'state'
  | 'fill'
  | 'feePrice'
  | 'adjustment'
  | 'cash'
  | 'balance'
  | 'lane'
  | 'entries'
  | 'peak'
  | 'breakers'
  | 'checked'
  | 'heights'
  | 'symbol'
  | 'policy';

/**
 * One conditional write. A part holds the content with the highest (`latest`) or the lowest (`earliest`) precedence that ever arrived, so that
 * the final state depends neither on the order of arrival nor on redelivery.
 */
export interface LedgerWrite {
  /** `ACCOUNT#<mode>#<account>`. */
  readonly partition: string;
  readonly sort: string;
  readonly part: LedgerPart;
  readonly keep: 'latest' | 'earliest';
  /** Text that sorts. */
  readonly precedence: string;
  /** Identity of the event that makes the write: tells an own retry from another's write. */
  readonly writeId: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** What a part holds in the table. */
export interface StoredPart {
  readonly precedence: string;
  readonly writeId: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Parts of a lane's entry that are replaced whole by the last word of them. */
const PART_OF_LANE = {
  'lane.symbol': 'symbol',
  'lane.heights': 'heights',
  'lane.entries': 'entries',
  'profit.peak': 'peak',
  'risk.breakers': 'breakers',
} as const satisfies Readonly<Record<string, LedgerPart>>;

/** Kinds of sort keys, each followed by `#` and an identity. */
export const LEDGER_PREFIX = {
  order: 'ORDER#',
  fill: 'FILL#',
  feePrice: 'FEEPRICE#',
  adjustment: 'ADJUSTMENT#',
  cash: 'CASH#',
  balance: 'BALANCE#',
  lane: 'LANE#',
  policy: 'POLICY#',
} as const;

export function ledgerPartition(account: AccountRef): string {
  return `ACCOUNT#${account.mode}#${account.account}`;
}

/** The write that an event asks of the ledger, or null for events that the ledger does not keep (the stream has them for as long as it keeps records). */
export function ledgerWriteOf(event: TradingEvent): LedgerWrite | null {
  const place = { partition: ledgerPartition(event), writeId: event.id };
  const latest = { keep: 'latest', precedence: eventPrecedence(event.epoch, event.sequence) } as const;
  const origin = { venue: event.venue, epoch: event.epoch, time: event.time };
  switch (event.type) {
    case 'order.intended':
      return {
        ...place,
        ...latest,
        keep: 'earliest',
        sort: `${LEDGER_PREFIX.order}${event.body.clientOrderId}`,
        part: 'intent',
        content: { ...event.body, ...origin },
      };
    case 'order.denied': {
      const { code, detail, ...rest } = event.body;
      return {
        ...place,
        keep: 'latest',
        precedence: orderStatePrecedence('Denied', event.epoch, event.sequence),
        sort: `${LEDGER_PREFIX.order}${event.body.clientOrderId}`,
        part: 'state',
        content: {
          ...rest,
          ...origin,
          state: 'Denied',
          terminal: true,
          venueOrderId: null,
          cumulativeSize: '0',
          reason: `${code}: ${detail}`,
          evidence: [{ kind: 'notSent', reason: code }],
        },
      };
    }
    case 'order.state': {
      const { to, from: _from, ...rest } = event.body;
      return {
        ...place,
        keep: 'latest',
        precedence: orderStatePrecedence(to, event.epoch, event.sequence, rest.evidence),
        sort: `${LEDGER_PREFIX.order}${event.body.clientOrderId}`,
        part: 'state',
        content: { ...rest, ...origin, state: to },
      };
    }
    case 'fill':
      return {
        ...place,
        keep: 'earliest',
        // A report that names our order is kept before one that does not (queries of some venues leave it out).
        precedence: `${event.body.clientOrderId === null ? '1' : '0'}.${latest.precedence}`,
        sort: `${LEDGER_PREFIX.fill}${event.venue}#${event.body.symbol}#${event.body.fillId}`,
        part: 'fill',
        content: { ...event.body, ...origin },
      };
    case 'fee.priced':
      return {
        ...place,
        ...latest,
        keep: 'earliest',
        sort: `${LEDGER_PREFIX.feePrice}${event.venue}#${event.body.symbol}#${event.body.fillId}`,
        part: 'feePrice',
        content: { ...event.body, ...origin },
      };
    case 'position.adjusted':
      return {
        ...place,
        ...latest,
        keep: 'earliest',
        sort: `${LEDGER_PREFIX.adjustment}${event.venue}#${event.body.symbol}#${event.body.adjustmentId}`,
        part: 'adjustment',
        content: { ...event.body, ...origin, sequence: event.sequence },
      };
    case 'cash.adjusted':
      return {
        ...place,
        ...latest,
        keep: 'earliest',
        sort: `${LEDGER_PREFIX.cash}${event.venue}#${event.body.currency}#${event.body.adjustmentId}`,
        part: 'cash',
        content: { ...event.body, ...origin },
      };
    case 'balance':
      return {
        ...place,
        keep: 'latest',
        precedence: venuePrecedence(event.body.venueTime, event.epoch, event.sequence),
        sort: `${LEDGER_PREFIX.balance}${event.venue}#${event.body.currency}`,
        part: 'balance',
        content: { ...event.body, ...origin },
      };
    case 'lane.state': {
      const { to, from: _from, ...rest } = event.body;
      return {
        ...place,
        ...latest,
        sort: `${LEDGER_PREFIX.lane}${event.body.lane}`,
        part: 'lane',
        content: { ...rest, ...origin, state: to },
      };
    }
    case 'lane.symbol':
    case 'lane.heights':
    case 'lane.entries':
    case 'profit.peak':
    case 'risk.breakers':
      return {
        ...place,
        ...latest,
        sort: `${LEDGER_PREFIX.lane}${event.body.lane}`,
        part: PART_OF_LANE[event.type],
        content: { ...event.body, ...origin },
      };
    case 'position.checked': {
      const { lane, symbol, engine, venue } = event.body;
      if (lane === undefined) return null;
      return {
        ...place,
        ...latest,
        sort: `${LEDGER_PREFIX.lane}${lane}`,
        part: 'checked',
        content: { lane, symbol, engine, venuePosition: venue, ...origin },
      };
    }
    case 'policy.changed':
      // Told by every lease that it holds under: the first telling says what it changed.
      return {
        ...place,
        ...latest,
        keep: 'earliest',
        sort: `${LEDGER_PREFIX.policy}${event.venue}#${String(event.body.toVersion).padStart(10, '0')}`,
        part: 'policy',
        content: { ...event.body, ...origin, configurationHash: event.configurationHash },
      };
    default:
      return null;
  }
}

/** Whether `write` replaces what is stored: the one rule that the adapter's condition expression states as well. */
export function replaces(write: LedgerWrite, stored: StoredPart | null): boolean {
  if (stored === null) return true;
  return write.keep === 'latest' ? write.precedence > stored.precedence : write.precedence < stored.precedence;
}

/** Fields that two reports of one thing must have in common; fees and times may be told more exactly by one of them. */
const SUBSTANCE: Partial<Readonly<Record<LedgerPart, readonly string[]>>> = {
  intent: ['symbol', 'side', 'orderType', 'timeInForce', 'price', 'size', 'reduceOnly'],
  fill: ['side', 'price', 'size'],
  adjustment: ['delta'],
};

/** What the venue says of an order later than it was decided on: of an intent that a successor tells anew it may differ. */
const CHANGED_SINCE: ReadonlySet<string> = new Set(['timeInForce', 'price', 'size']);

/**
 * The field in which two writes of the same part contradict each other, or null. One order id for two intents, one fill id for two
 * executions, or one epoch used by two writers are faults that people must see; the table keeps the same one whichever came first.
 */
export function contradiction(write: LedgerWrite, stored: StoredPart): string | null {
  if (write.precedence === stored.precedence && write.writeId !== stored.writeId) return 'writeId';
  const retold = write.content.retold === true || stored.content.retold === true;
  for (const field of SUBSTANCE[write.part] ?? []) {
    if (retold && CHANGED_SINCE.has(field)) continue;
    if (!sameValue(write.content[field], stored.content[field])) return field;
  }
  return null;
}

function sameValue(left: unknown, right: unknown): boolean {
  if (typeof left !== 'string' || typeof right !== 'string') return left === right;
  return left === right || plain(left) === plain(right);
}

/** Decimal text without trailing zeros; other text as it is. */
function plain(text: string): string {
  return /^-?\d+\.\d*$/.test(text) ? text.replace(/\.?0*$/, '') : text;
}
