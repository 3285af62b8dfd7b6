import { Amendments } from '#core/lanes/amendments.ts';
import { OrderDesk } from '#core/lanes/order-desk.ts';
import type { Size } from '#core/market/scaled-decimal.ts';
import type { Evidence } from '#core/orders/order.ts';
import { OrderInquiry } from '#core/orders/order-inquiry.ts';
import { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { MonoNanos } from '#core/time/clock.ts';
import type { Mutant } from './mutants.ts';
import { replaceProperty } from './planted-bugs.ts';

/** Scenes come by all of these; so many worlds are tried before. */
const WORLDS = 30;

/** What is asked beside the order table before a row of it is taken, each altered. */
export function guardMutants(): Mutant[] {
  const guard = (name: string, install: () => () => void): Mutant => ({
    name: `guard ${name}`,
    table: 'guard',
    cell: null,
    worlds: WORLDS,
    install,
  });
  return [
    guard('an order that works has not filled, whatever filled', () =>
      stepWith((order) => during(order, { filledSize: 0 as Size, reportedSize: 0 as Size })),
    ),
    guard('an order that works has filled, though nothing did', () =>
      stepWith((order) => during(order, { reportedSize: 1 as Size })),
    ),
    guard('the word of people counts as the venue’s', () =>
      stepWith((order) =>
        order.evidence.some(({ kind }) => kind === 'person') ? during(order, { evidence: [] }) : () => undefined,
      ),
    ),
    guard('every end counts as the word of people', () =>
      stepWith((order) => (order.terminal ? during(order, { evidence: [PERSON] }) : () => undefined)),
    ),
    guard('evidence that names nothing proves an end', takeEmptyEvidence),
    guard('what the venue has named never lived', () => getter(TrackedOrder.prototype, 'livedBefore', () => false)),
    guard('what the venue has not named has lived', () => getter(TrackedOrder.prototype, 'livedBefore', () => true)),
    guard('nothing returns that a list of open orders has', () =>
      getter(TrackedOrder.prototype, 'mayReturn', () => false),
    ),
    guard('an amendment under way adds nothing to what an order may come to', () =>
      getter(TrackedOrder.prototype, 'largestSize', (order) => order.size),
    ),
    guard('one absence is enough', () => {
      const { absent } = OrderInquiry.prototype;
      return replaceProperty(OrderInquiry.prototype, 'absent', function (this: OrderInquiry) {
        return absent.call(this) + 2;
      });
    }),
    guard('three absences are not enough', () => replaceProperty(OrderInquiry.prototype, 'absent', () => 0)),
    guard('absences count with failures between', () =>
      replaceProperty(OrderInquiry.prototype, 'failed', () => undefined),
    ),
    guard('an absence counts while the request may still be carried out', () =>
      resolvedWith((order) => during(order, { submittedAt: 0 as MonoNanos })),
    ),
    guard('an absence counts of what the venue has named', () =>
      resolvedWith((order) => during(order, { venueOrderId: null, reportedSize: 0 as Size })),
    ),
    guard('an absence counts though the positions differ', () => {
      const { resolved } = OrderDesk.prototype;
      const mutated: typeof resolved = function (this: OrderDesk, id, resolution, now) {
        const agreeing =
          resolution.kind === 'absent'
            ? { ...resolution, position: { ...resolution.position, size: this.position.text } }
            : resolution;
        return resolved.call(this, id, agreeing, now);
      };
      return replaceProperty(OrderDesk.prototype, 'resolved', mutated);
    }),
    guard('people decide on what became unknown after they had spoken', () => {
      const { decide } = OrderDesk.prototype;
      const mutated: typeof decide = function (this: OrderDesk, decision, now) {
        return decide.call(this, { ...decision, at: Number.POSITIVE_INFINITY }, now);
      };
      return replaceProperty(OrderDesk.prototype, 'decide', mutated);
    }),
    guard('what is to be cancelled, or amended already, is amended', () =>
      replaceProperty(Amendments.prototype, 'allows', (order: TrackedOrder) => order.state === 'Accepted'),
    ),
  ];
}

const PERSON: Evidence = { kind: 'person', who: 'person', note: 'seen' };

/** Changes an order for a moment; what is returned changes it back, but for what has been changed anew. */
function during<Field extends 'filledSize' | 'reportedSize' | 'evidence' | 'submittedAt' | 'venueOrderId'>(
  order: TrackedOrder,
  fields: Pick<TrackedOrder, Field>,
): () => void {
  const before = { ...fields };
  for (const name of Object.keys(fields) as Field[]) before[name] = order[name];
  Object.assign(order, fields);
  return () => {
    for (const name of Object.keys(fields) as Field[]) if (order[name] === fields[name]) order[name] = before[name];
  };
}

/** Each step of the table is taken with its order changed. */
function stepWith(change: (order: TrackedOrder) => () => void): () => void {
  const { step } = TrackedOrder.prototype;
  const mutated: typeof step = function (this: TrackedOrder, ...args) {
    const undo = change(this);
    try {
      return step.apply(this, args);
    } finally {
      undo();
    }
  };
  return replaceProperty(TrackedOrder.prototype, 'step', mutated);
}

/** Each answer to a question is taken with its order changed. */
function resolvedWith(change: (order: TrackedOrder) => () => void): () => void {
  const { resolved } = OrderDesk.prototype;
  const mutated: typeof resolved = function (this: OrderDesk, id, resolution, now) {
    const order = this.orders.get(id);
    const undo = order === null || resolution.kind !== 'absent' ? () => undefined : change(order);
    try {
      resolved.call(this, id, resolution, now);
    } finally {
      undo();
    }
  };
  return replaceProperty(OrderDesk.prototype, 'resolved', mutated);
}

function takeEmptyEvidence(): () => void {
  const { step } = TrackedOrder.prototype;
  const mutated: typeof step = function (this: TrackedOrder, input, now, evidence, reason) {
    return step.call(this, input, now, evidence.map(named), reason);
  };
  return replaceProperty(TrackedOrder.prototype, 'step', mutated);
}

function named(evidence: Evidence): Evidence {
  if (evidence.kind === 'accountStream' || evidence.kind === 'query')
    return { ...evidence, venueOrderId: evidence.venueOrderId || 'unnamed' };
  if (evidence.kind === 'answer') return { ...evidence, text: evidence.text || 'unnamed' };
  return evidence;
}

function getter<Name extends 'livedBefore' | 'mayReturn' | 'largestSize'>(
  prototype: TrackedOrder,
  name: Name,
  get: (order: TrackedOrder) => TrackedOrder[Name],
): () => void {
  const restore = replaceProperty(prototype, name, undefined);
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: TrackedOrder) {
      return get(this);
    },
  });
  return restore;
}
