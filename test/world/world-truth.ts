import { createHash } from 'node:crypto';
import { type UnitRef, unitId } from '#core/control/unit.ts';
import type { TradingEvent, TradingEventBody, TradingEventOf } from '#core/events/trading-event.ts';
import { formatExact, parseExact } from '#core/ledger/exact-decimal.ts';
import type { BookSync } from '#core/market/book-sync.ts';
import type { Instrument } from '#core/market/instrument.ts';
import type { Side } from '#core/market/market-message.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { OrderIntent, OrderReport } from '#core/orders/order.ts';
import { exitSizeOf } from '#core/positions/exit-size.ts';
import type { UnitRunner } from '#engine/unit-runner.ts';
import type { PlaceOutcome, SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import type { VirtualTime } from '#simulation/world/virtual-time.ts';
import { heldAt, type VenueClient, type VenueWatch } from '#simulation/world/world-venue.ts';
import { whyUnproven } from './world-evidence.ts';

/** For so long after a trade by hand an entry may meet a position that its lane could not know of, ms. */
const FOREIGN_MS = 20_000;
const BOOKS_KEPT = 4_000;

/** A fill or an adjustment, with the events that told it: the same fill may be told by two engines. */
interface Move {
  readonly symbol: string;
  /** Signed, exact. */
  readonly size: bigint;
  readonly tellers: Set<string>;
  readonly epochs: Set<number>;
  /** Of an adjustment: its id, and those that it takes the place of. */
  readonly adjustment: TradingEventBody<'position.adjusted'> | null;
  /** Whether it was told before the engine that trades now had opened. */
  opening: boolean;
}

type Intended = { readonly body: TradingEventBody<'order.intended'>; denied: boolean };

export interface TruthOptions {
  readonly unit: UnitRef;
  readonly account: string;
  readonly exchange: SimulatedExchange;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly maxPosition: ReadonlyMap<string, number>;
  /** What the venue accepted and then refused, by client order id. */
  readonly refusedLater: ReadonlyMap<string, OrderReport>;
  readonly time: VirtualTime;
  /** Lines are kept for people only when asked for. */
  readonly traced: boolean;
}

/** Sees everything, the venue's own books included, and says when an invariant of the design does not hold. */
export class WorldTruth implements VenueWatch {
  /** The first thing that was wrong; the world ends there. */
  violation: string | null = null;
  readonly lines: string[] = [];
  readonly #options: TruthOptions;
  readonly #prefix: string;
  readonly #hash = createHash('sha256');
  readonly #intended = new Map<string, Intended>();
  readonly #sent = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #lies = new Set<string>();
  /** Ids that were told with the venue's own. */
  readonly #named = new Set<string>();
  /** Ids that were told never to have reached the venue, with the evidence. */
  readonly #never = new Map<string, string>();
  readonly #foreignUntilMs = new Map<string, number>();
  /** What was last decided on while nothing was held, and the dust that was there then. Size units. */
  readonly #decisions = new Map<string, { readonly side: Side; readonly size: number; readonly dust: number }>();
  readonly #tops = new Map<string, Map<number, string>>();
  readonly #moves = new Map<string, Move>();
  #openEpoch = 0;
  #runner: UnitRunner | null = null;
  #runnerEpoch = 0;
  #runnerOpened = false;
  #moved = false;

  constructor(options: TruthOptions) {
    this.#options = options;
    this.#prefix = orderIdPrefix(options.unit.mode, unitId(options.unit));
    for (const symbol of options.instruments.keys()) this.#keepTop(symbol);
    options.exchange.listen({
      onMarket: (event) => {
        if (event.kind === 'bookChange') this.#keepTop(event.symbol);
      },
      onAccount: (event) => {
        if (event.kind === 'fill') this.#checkSize(event.fill.symbol);
        if (event.kind === 'fill') this.trace(() => `venue fills ${event.fill.size} of ${event.fill.clientOrderId}`);
      },
    });
  }

  fail(rule: string, detail: string): void {
    this.violation ??= `${rule}: ${detail}`;
    this.trace(() => `VIOLATION ${rule}: ${detail}`);
  }

  trace(text: () => string): void {
    if (this.#options.traced) this.lines.push(`${this.#options.time.nowMs.toFixed(1).padStart(9)}  ${text()}`);
  }

  /** Of all inputs and events so far: equal worlds have equal hashes. */
  digest(): string {
    return this.#hash.copy().digest('hex').slice(0, 16);
  }

  input(line: Uint8Array): void {
    this.#hash.update(line);
  }

  /** Who trades the unit from now on. */
  runner(runner: UnitRunner, epoch: number): void {
    this.#runner = runner;
    this.#runnerEpoch = epoch;
    this.#runnerOpened = false;
  }

  /** A process was killed, and what ran in it. */
  gone(runner: UnitRunner | null): void {
    if (this.#runner === runner) this.#runner = null;
  }

  /** Somebody trades by hand. */
  foreign(symbol: string, forMs = 0): void {
    const untilMs = this.#options.time.nowMs + forMs + FOREIGN_MS;
    this.#foreignUntilMs.set(symbol, Math.max(untilMs, this.#foreignUntilMs.get(symbol) ?? 0));
  }

  /** For so long the venue's lists cannot be read: what only they can show is found so much later. */
  blind(forMs: number): void {
    const { nowMs } = this.#options.time;
    for (const [symbol, untilMs] of this.#foreignUntilMs)
      if (untilMs > nowMs) this.#foreignUntilMs.set(symbol, untilMs + forMs);
  }

  /** What an engine does who believes it is not its fault; what comes of it at last must be right again. */
  lied(symbol: string, clientOrderId: string): void {
    this.trace(() => `the venue says of ${clientOrderId} what is not so`);
    this.#lies.add(clientOrderId);
    this.foreign(symbol);
  }

  named(clientOrderId: string | null): boolean {
    return clientOrderId !== null && this.#named.has(clientOrderId);
  }

  asked(client: VenueClient): void {
    if (client.epoch !== null) this.#openEpoch = Math.max(this.#openEpoch, client.epoch);
  }

  placing(client: VenueClient, intent: OrderIntent): void {
    const { clientOrderId: id, symbol } = intent;
    this.trace(() => `venue takes ${id} ${intent.purpose} ${intent.side} ${intent.size} ${symbol} ${intent.price}`);
    if (this.#sent.has(id)) this.fail('3: no order id is used twice', id);
    this.#sent.add(id);
    const epoch = client.epoch ?? 0;
    if (!id.startsWith(orderIdPrefix(this.#options.unit.mode, unitId(this.#options.unit), epoch)))
      this.fail('1: an order is sent under the epoch of its id', `${id} under ${epoch}`);
    if (epoch < this.#openEpoch)
      this.fail('1: only the holder trades', `${id} of epoch ${epoch} after epoch ${this.#openEpoch} had asked`);
    const never = this.#never.get(id);
    if (never !== undefined) this.fail('4: no end without evidence', `${id} arrives after ${never} had ended it`);
    const known = this.#intended.get(id);
    if (known === undefined) this.fail('3: every order passes risk', `${id} was never intended`);
    else if (known.denied) this.fail('3: every order passes risk', `${id} was denied`);
    else this.#compare(intent, known.body);
    if (!intent.reduceOnly) this.#checkEntry(intent);
  }

  placed(_client: VenueClient, intent: OrderIntent, outcome: PlaceOutcome): void {
    if (outcome.kind === 'refused') this.#refused.add(intent.clientOrderId);
    this.trace(() =>
      outcome.kind === 'refused'
        ? `venue refuses ${intent.clientOrderId}: ${outcome.reason}`
        : `venue has ${intent.clientOrderId} as ${outcome.order.orderId}: ${outcome.order.status}`,
    );
  }

  /** A book is about to be shown to a strategy. */
  quote(symbol: string, { book }: BookSync): void {
    if (!book.valid) return;
    const truth = this.#tops.get(symbol)?.get(book.sequence);
    const shown = `${book.bidPrice}x${book.bidSize} ${book.askPrice}x${book.askSize}`;
    if (truth !== shown)
      this.fail('6: only whole books are quoted', `${symbol} ${book.sequence}: ${shown} is ${truth}`);
  }

  /** An engine told something; what is lost with the engine is taken back by `lost`. */
  told(event: TradingEvent): void {
    this.#hash.update(JSON.stringify(event));
    if (event.type !== 'position.checked')
      this.trace(() => `told ${event.id} ${event.type} ${JSON.stringify(event.body)}`);
    if (event.type === 'order.state' && event.body.venueOrderId !== null) this.#named.add(event.body.clientOrderId);
    if (event.type === 'order.intended') this.#intend(event);
    else if (event.type === 'order.denied') {
      const known = this.#intended.get(event.body.clientOrderId);
      if (known !== undefined) known.denied = true;
    } else if (event.type === 'order.state' && event.body.terminal) this.#checkEnd(event.body);
    else if (event.type === 'fill') this.#countFill(event);
    else if (event.type === 'position.adjusted') {
      const { symbol, adjustmentId, delta } = event.body;
      this.#count(event, symbol, `adjustment ${adjustmentId}`, parseExact(delta), event.body);
    }
  }

  /** Events that died with the process that had decided them. */
  lost(events: readonly TradingEvent[]): void {
    for (const event of events) {
      if (event.type === 'fill') this.#uncount(event.id, `fill ${event.body.fillId}`);
      if (event.type === 'position.adjusted') this.#uncount(event.id, `adjustment ${event.body.adjustmentId}`);
      if (event.type === 'order.state') this.#named.delete(event.body.clientOrderId);
    }
  }

  /** After each step: what the engine holds is what it has told, and what was told before it opened (invariant 2). */
  checkStep(): void {
    if (!this.#moved || this.#runner === null) return;
    this.#moved = false;
    if (this.#runner.status().closed !== null) return;
    if (!this.#runnerOpened) {
      this.#runnerOpened = true;
      for (const move of this.#moves.values()) move.opening = true;
    }
    for (const lane of this.#runner.lanes) {
      let told = 0n;
      for (const move of this.#moves.values()) {
        const { symbol, size, epochs, opening } = move;
        // What only a stale holder has told since is true, and the holder hears of it when it hears of it.
        if (symbol === lane.symbol && (opening || epochs.has(this.#runnerEpoch)) && !this.#isSuperseded(move))
          told += size;
      }
      const { text } = lane.position;
      if (parseExact(text) !== told)
        this.fail('2: position = opening + fills + adjustments', `${lane.symbol} ${text}, told ${formatExact(told)}`);
    }
  }

  /** Whether a later recovery told the same again, not having found it in the ledger. */
  #isSuperseded({ adjustment, epochs, symbol }: Move): boolean {
    if (adjustment === null) return false;
    const told = Math.min(...epochs);
    for (const later of this.#moves.values()) {
      const { supersedes } = later.adjustment ?? {};
      if (supersedes === undefined || later.symbol !== symbol || told >= Math.min(...later.epochs)) continue;
      if (told >= supersedes.fromEpoch && !supersedes.known.includes(adjustment.adjustmentId)) return true;
    }
    return false;
  }

  /** Whether an id is one that this unit gives. */
  isOurs(clientOrderId: string | null): boolean {
    return clientOrderId?.startsWith(this.#prefix) === true;
  }

  wasSent(clientOrderId: string): boolean {
    return this.#sent.has(clientOrderId);
  }

  wasRefused(clientOrderId: string): boolean {
    return this.#refused.has(clientOrderId);
  }

  #intend({ body, epoch, unit }: TradingEventOf<'order.intended'>): void {
    const own = body.clientOrderId.startsWith(
      orderIdPrefix(this.#options.unit.mode, unitId(this.#options.unit), epoch),
    );
    if (own && this.#intended.has(body.clientOrderId))
      this.fail('3: no order id is used twice', `${body.clientOrderId} intended again by ${unit}`);
    if (!this.#intended.has(body.clientOrderId)) this.#intended.set(body.clientOrderId, { body, denied: false });
  }

  #compare(intent: OrderIntent, told: Intended['body']): void {
    const instrument = this.#options.instruments.get(told.symbol);
    const same =
      intent.symbol === told.symbol &&
      intent.side === told.side &&
      intent.reduceOnly === told.reduceOnly &&
      instrument !== undefined &&
      formatScaled(intent.size, instrument.sizeScale) === told.size;
    if (!same) this.fail('3: what is sent is what was intended', `${intent.clientOrderId} goes to ${intent.symbol}`);
  }

  /** H7 by the venue's own books: an entry meets neither another entry nor a position, but for what its own decision has filled of it under an earlier order (F23). */
  #checkEntry({ clientOrderId: id, symbol, side, size }: OrderIntent): void {
    const { exchange, account, time, instruments } = this.#options;
    const held = heldAt(this.#options, symbol);
    const decided = this.#decisions.get(symbol);
    const foreign = (this.#foreignUntilMs.get(symbol) ?? 0) > time.nowMs;
    const heldSize = Math.abs(Number(held)) * 10 ** (instruments.get(symbol)?.sizeScale ?? 0);
    if (this.#isFlat(symbol, held) || foreign)
      this.#decisions.set(symbol, { side, size, dust: foreign ? 0 : heldSize });
    if (foreign) return;
    const isRest = decided?.side === side && heldSize - decided.dust + size <= decided.size + 1e-6;
    if (!this.#isFlat(symbol, held) && !isRest)
      this.fail('H7: no double entry', `${id} while the venue holds ${held} ${symbol}`);
    const other = exchange
      .openOrders(account, symbol)
      .find((each) => !each.reduceOnly && this.isOurs(each.clientOrderId));
    if (other !== undefined) this.fail('H7: no double entry', `${id} beside ${other.clientOrderId}`);
  }

  #checkSize(symbol: string): void {
    const { instruments, maxPosition, time } = this.#options;
    if ((this.#foreignUntilMs.get(symbol) ?? 0) > time.nowMs) return;
    const held = heldAt(this.#options, symbol);
    const size = Math.abs(Number(held)) * 10 ** (instruments.get(symbol)?.sizeScale ?? 0);
    if (Math.floor(size + 1e-6) > (maxPosition.get(symbol) ?? 0)) this.fail('H12: position limit', `${held} ${symbol}`);
  }

  /** Nothing is held, or of a spot asset too little to be sold. */
  #isFlat(symbol: string, held: string): boolean {
    const instrument = this.#options.instruments.get(symbol);
    if (Number(held) === 0 || instrument === undefined) return Number(held) === 0;
    if (instrument.kind !== 'spot') return false;
    const { bids, asks } = this.#options.exchange.book(symbol, 1);
    const middle = ((bids[0]?.[0] ?? 0) + (asks[0]?.[0] ?? 0)) / 2;
    // The price of now and that which its lane went by lie near each other.
    return exitSizeOf(instrument, Math.floor(Number(held) * 10 ** instrument.sizeScale), middle * 0.99) === 0;
  }

  #checkEnd(body: TradingEventBody<'order.state'>): void {
    const { exchange, account, refusedLater } = this.#options;
    const { clientOrderId: id, evidence } = body;
    if (this.#lies.has(id)) return;
    const reached = this.#sent.has(id) && !this.#refused.has(id);
    const fault = whyUnproven(body, exchange, account, refusedLater, reached);
    if (fault !== null) this.fail('4: no end without evidence', fault);
    const never = evidence.find(({ kind }) => kind === 'notSent' || kind === 'agreedAbsence' || kind === 'answer');
    if (never !== undefined) this.#never.set(id, never.kind);
  }

  #countFill(event: TradingEventOf<'fill'>): void {
    const { fillId, symbol, size, side } = event.body;
    const instrument = this.#options.instruments.get(symbol);
    const truth = this.#options.exchange.fills(this.#options.account, symbol).find((each) => each.fillId === fillId);
    const same =
      truth !== undefined &&
      instrument !== undefined &&
      truth.side === side &&
      formatScaled(truth.size, instrument.sizeScale) === size;
    if (!same) this.fail('2: every fill is the venue’s', `${fillId} ${side} ${size} ${symbol}`);
    const kept = parseExact(event.body.positionFee ?? '0');
    this.#count(event, symbol, `fill ${fillId}`, parseExact(signedSize(event.body)) - kept);
  }

  #count(
    { id, epoch }: TradingEvent,
    symbol: string,
    key: string,
    size: bigint,
    adjustment: Move['adjustment'] = null,
  ): void {
    this.#moved = true;
    const move = this.#moves.get(key) ?? {
      symbol,
      size,
      tellers: new Set(),
      epochs: new Set(),
      adjustment,
      opening: false,
    };
    this.#moves.set(key, move);
    move.tellers.add(id);
    move.epochs.add(epoch);
  }

  #uncount(eventId: string, key: string): void {
    const move = this.#moves.get(key);
    if (move?.tellers.delete(eventId) === true && move.tellers.size === 0) this.#moves.delete(key);
  }

  #keepTop(symbol: string): void {
    const { bids, asks, sequence } = this.#options.exchange.book(symbol, 1);
    const [bid, ask] = [bids[0] ?? [0, 0], asks[0] ?? [0, 0]];
    const tops = this.#tops.get(symbol) ?? new Map<number, string>();
    this.#tops.set(symbol, tops.set(sequence, `${bid[0]}x${bid[1]} ${ask[0]}x${ask[1]}`));
    tops.delete(sequence - BOOKS_KEPT);
  }
}

function signedSize({ side, size }: { readonly side: 'buy' | 'sell'; readonly size: string }): string {
  return side === 'buy' ? size : `-${size}`;
}
