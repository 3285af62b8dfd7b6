import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import {
  LEDGER_ENTRY,
  type LedgerAdjustment,
  type LedgerFill,
  type LedgerIntent,
  type LedgerLane,
  type LedgerOrder,
  type LedgerOrderState,
} from '#core/ledger/ledger-entry.ts';
import { contradiction, LEDGER_PREFIX, ledgerWriteOf, replaces, type StoredPart } from '#core/ledger/ledger-write.ts';
import { foldPositions } from '#core/ledger/position-fold.ts';

/** The ledger's own rules over maps: conditional writes as the table makes them, folds as the readers do. */
export class WorldLedger implements LedgerReader {
  readonly #stored = new Map<string, StoredPart>();
  readonly #intents = new Map<string, LedgerIntent>();
  readonly #states = new Map<string, LedgerOrderState>();
  readonly #fills = new Map<string, LedgerFill>();
  readonly #adjustments = new Map<string, LedgerAdjustment>();
  readonly #checked = new Map<string, NonNullable<LedgerLane['checked']>>();
  readonly #breakers = new Map<string, NonNullable<LedgerLane['breakers']>>();
  /** Two writes of one thing that say different things. */
  readonly contradictions: string[] = [];
  /** Sequence numbers that came, by epoch. */
  readonly sequences = new Map<number, Set<number>>();

  /** From outside any engine: under no sequence of theirs. */
  correct(event: TradingEvent): void {
    this.#write(event);
  }

  apply(event: TradingEvent): void {
    const seen = this.sequences.get(event.epoch) ?? new Set();
    this.sequences.set(event.epoch, seen.add(event.sequence));
    this.#write(event);
  }

  #write(event: TradingEvent): void {
    const write = ledgerWriteOf(event);
    if (write === null) return;
    const key = `${write.partition} ${write.sort} ${write.part}`;
    const stored = this.#stored.get(key) ?? null;
    const field = stored === null ? null : contradiction(write, stored);
    if (field !== null) this.contradictions.push(`${write.sort} ${write.part}: ${field} of ${write.writeId}`);
    if (!replaces(write, stored)) return;
    this.#stored.set(key, write);
    const { content, sort } = write;
    if (write.part === 'intent') this.#intents.set(sort, LEDGER_ENTRY.intent.parse(content));
    else if (write.part === 'state') this.#states.set(sort, LEDGER_ENTRY.state.parse(content));
    else if (write.part === 'fill') this.#fills.set(sort, LEDGER_ENTRY.fill.parse(content));
    else if (write.part === 'adjustment') this.#adjustments.set(sort, LEDGER_ENTRY.adjustment.parse(content));
    else if (write.part === 'breakers') this.#breakers.set(sort, LEDGER_ENTRY.breakers.parse(content));
    else if (write.part === 'checked') this.#checked.set(sort, LEDGER_ENTRY.checked.parse(content));
  }

  order(clientOrderId: string): LedgerOrder {
    const sort = `${LEDGER_PREFIX.order}${clientOrderId}`;
    return { clientOrderId, intent: this.#intents.get(sort) ?? null, state: this.#states.get(sort) ?? null };
  }

  orders(): LedgerOrder[] {
    const sorts = new Set([...this.#intents.keys(), ...this.#states.keys()]);
    return [...sorts].map((sort) => this.order(sort.slice(LEDGER_PREFIX.order.length)));
  }

  fills(): LedgerFill[] {
    return [...this.#fills.values()];
  }

  /** Signed decimal text. */
  positionOf(symbol: string): string {
    const of = <Entry extends { readonly symbol: string }>(entries: Iterable<Entry>) =>
      [...entries].filter((entry) => entry.symbol === symbol);
    return foldPositions(of(this.#fills.values()), of(this.#adjustments.values()))[0]?.size ?? '0';
  }

  readOrder = async (_account: unknown, clientOrderId: string) => {
    const order = this.order(clientOrderId);
    return order.intent === null && order.state === null ? null : order;
  };
  readOrders = async () => this.orders();
  readFills = async () => this.fills();
  readAdjustments = async () => [...this.#adjustments.values()];
  readCash = async () => [];
  readBalances = async () => [];
  /** What lanes found when they compared, and which of their breakers were not closed; of their states it keeps nothing. */
  readLanes = async (): Promise<LedgerLane[]> =>
    [...new Set([...this.#checked.keys(), ...this.#breakers.keys()])].map((sort) => ({
      lane: sort.slice(LEDGER_PREFIX.lane.length),
      state: null,
      entries: null,
      breakers: this.#breakers.get(sort) ?? null,
      checked: this.#checked.get(sort) ?? null,
    }));
  readPositions = async (_account: unknown, only?: { readonly venue: string; readonly symbol: string }) => {
    const of = <Entry extends { readonly symbol: string }>(entries: Iterable<Entry>) =>
      [...entries].filter((entry) => only === undefined || entry.symbol === only.symbol);
    return foldPositions(of(this.#fills.values()), of(this.#adjustments.values()));
  };
}
