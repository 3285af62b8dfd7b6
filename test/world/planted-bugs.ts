import type { HeldLease } from '#core/control/control-ports.ts';
import type { Publisher } from '#core/events/publisher-port.ts';
import { CountedFills } from '#core/lanes/counted-fills.ts';
import { Lane } from '#core/lanes/lane.ts';
import { LaneCourse } from '#core/lanes/lane-course.ts';
import { LANE_TRANSITIONS } from '#core/lanes/lane-state.ts';
import { OrderGate } from '#core/lanes/order-gate.ts';
import { DataAge } from '#core/market/data-age.ts';
import { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { AccountStreamListener, OrderAnswer, OrderEntry, VenueQueries } from '#core/orders/venue-ports.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import type { Dice } from '#simulation/world/dice.ts';

/** A fault of ours, put into the product for the length of a world: whatever checks the worlds must find it. */
export interface PlantedBug {
  /** Changes what the whole process shares; what is returned puts it back. */
  readonly install?: () => () => void;
  readonly publisher?: (publisher: Publisher, dice: Dice) => Publisher;
  readonly lease?: (lease: HeldLease) => HeldLease;
  readonly ignoresLostLease?: boolean;
  readonly queries?: (queries: VenueQueries, dice: Dice) => VenueQueries;
  readonly listener?: (listener: AccountStreamListener, dice: Dice) => AccountStreamListener;
  readonly entry?: (entry: OrderEntry, dice: Dice) => Partial<OrderEntry>;
}

/** What people lose money on elsewhere. */
export const PLANTED_BUGS = {
  /** The lane stays idle when it has sent an entry. */
  doubleEntry: { install: () => replaceProperty(LANE_TRANSITIONS.Idle, 'entrySubmitted', 'Idle') },
  /** The client takes an unclear answer for a refusal. */
  guessedTerminalState: {
    entry: (entry) => ({
      place: (intent, instrument, validUntil, answer) =>
        entry.place(intent, instrument, validUntil, (result) => answer(guessed(result))),
    }),
  },
  /** The client drops every seventh execution, wherever it is told. */
  lostFill: {
    listener: (listener) => ({
      ...listener,
      onReport: (report, frame) => {
        if (report.kind !== 'fill' || !isDropped(report.fillId)) listener.onReport(report, frame);
      },
    }),
    queries: (queries) => ({
      ...queries,
      fillsSince: async (symbol, from) =>
        (await queries.fillsSince(symbol, from)).filter(({ fillId }) => !isDropped(fillId)),
    }),
  },
  /** The holder believes that its lease lasts a minute longer. */
  staleHolderTrades: {
    lease: (lease) => ({ ...lease, fencedAt: (lease.fencedAt + 60e9) as MonoNanos }),
    ignoresLostLease: true,
  },
  /** One event in fifty is never published. */
  silentDrop: {
    publisher: (publisher, dice) => ({
      open: (connection) => publisher.open(connection),
      event: (event) => {
        if (!dice.chance(0.02)) publisher.event(event);
      },
      entriesBlocked: () => publisher.entriesBlocked(),
      accounts: () => publisher.accounts(),
      metrics: () => publisher.metrics(),
      flush: (timeoutMs) => publisher.flush(timeoutMs),
      close: (timeoutMs) => publisher.close(timeoutMs),
    }),
  },
  /** One order in ten goes to another symbol than its intent says. */
  wrongSymbol: {
    entry: (entry, dice) => ({
      place: (intent, instrument, validUntil, answer) => {
        const symbol = dice.chance(0.1) ? (intent.symbol === 'BTCUSDT' ? 'ETHUSDT' : 'BTCUSDT') : intent.symbol;
        entry.place({ ...intent, symbol }, instrument, validUntil, answer);
      },
    }),
  },
  /** An entry leaves in whatever state its lane is. */
  entersInAnyState: { install: () => replaceProperty(LaneCourse.prototype, 'mayEnter', () => true) },
  /** An order that nobody can say anything of holds its lane no longer, nor counts for risk. */
  unknownCountsAsEnded: {
    install: () => {
      const { get } = Object.getOwnPropertyDescriptor(TrackedOrder.prototype, 'alive') ?? {};
      return replaceGetter(TrackedOrder.prototype, 'alive', function (this: TrackedOrder) {
        return this.state !== 'Unknown' && get?.call(this);
      });
    },
  },
  /** An execution counts as often as it is told. */
  fillCountsAgain: { install: () => replaceProperty(CountedFills.prototype, 'has', () => false) },
  /** Exits may open the other side. */
  exitsMayOpen: {
    install: () => {
      const { intent } = OrderGate.prototype;
      const mutated: typeof intent = function (this: OrderGate, ...terms) {
        return { ...intent.apply(this, terms), reduceOnly: false };
      };
      return replaceProperty(OrderGate.prototype, 'intent', mutated);
    },
  },
  /** Every holder gives its orders the ids of one epoch. */
  idsOfOneEpoch: { lease: (lease) => ({ ...lease, epoch: lease.epoch - (lease.epoch % 1_000) }) },
  /** The lane is told that nothing stands against its orders, whatever the lease, the desired state and the stream say. */
  gateStaysOpen: {
    install: () => {
      const { onGate } = Lane.prototype;
      return replaceProperty(Lane.prototype, 'onGate', function (this: Lane) {
        onGate.call(this, null, null);
      });
    },
  },
  /** What people wish is not heard. */
  wishesUnheard: { install: () => replaceProperty(Lane.prototype, 'onDesired', () => undefined) },
  /** The market data is always fresh. */
  agelessData: { install: () => replaceProperty(DataAge.prototype, 'ageMs', () => 0) },
} as const satisfies Readonly<Record<string, PlantedBug>>;
export type PlantedBugName = keyof typeof PLANTED_BUGS;

function guessed(answer: OrderAnswer): OrderAnswer {
  return answer.kind === 'unknown'
    ? { kind: 'rejected', code: answer.code, text: answer.text, errorClass: 'reject' }
    : answer;
}

function isDropped(fillId: string): boolean {
  return Number(fillId) % 7 === 0;
}

/** Replaces what is computed when it is read; what is returned puts it back as it was. */
export function replaceGetter<Target extends object>(
  target: Target,
  name: string,
  get: (this: Target) => unknown,
): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { configurable: true, get });
  return () => {
    if (before !== undefined) Object.defineProperty(target, name, before);
  };
}

/** Replaces a property of what should not change; what is returned puts it back as it was. */
export function replaceProperty(target: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: true });
  return () => {
    if (before === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, before);
  };
}
