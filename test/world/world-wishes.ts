import type { DesiredState } from '#core/control/desired-state.ts';
import { type OrderDecision, withDecision } from '#core/control/order-decision.ts';
import type { ClientOrderId } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { SimulatedOrder } from '#simulation/exchange/simulated-exchange.ts';
import type { WorldVenue } from '#simulation/world/world-venue.ts';
import type { MemoryLeaseTable } from '../support/memory-lease-table.ts';
import type { WorldEngine } from './world-engine.ts';

/** What people, or what watches for them, change of what is desired; a wish of people is told apart from the rest by its own version. */
export function desire(
  table: MemoryLeaseTable,
  change: Partial<Pick<DesiredState, 'wish' | 'frozenSymbols' | 'decisions'>>,
): void {
  const { desired } = table;
  const version = desired.version + 1;
  const { wishVersion = desired.version } = desired;
  table.desired = {
    ...desired,
    ...change,
    version,
    wishVersion: change.wish === undefined ? wishVersion : version,
    reason: 'world',
    by: 'world',
  };
}

const END = {
  filled: 'Filled',
  canceled: 'Canceled',
  expired: 'Expired',
} as const;

/**
 * A person looks up, in the venue's own page, what became of an order that is Unknown, and says it. `wrongly`: and errs, by chance one way or another; null: not. False: nothing is Unknown, or it still
 * works.
 */
export function decide(
  table: MemoryLeaseTable,
  engines: readonly WorldEngine[],
  venue: WorldVenue,
  at: EpochMs,
  wrongly: number | null,
): boolean {
  for (const { runner } of engines) {
    for (const lane of runner?.lanes ?? []) {
      const unknown = lane.orders.pending().find((order) => order.state === 'Unknown');
      if (unknown === undefined) continue;
      const { clientOrderId } = unknown.intent;
      const said = outcomeOf(venue, clientOrderId, wrongly);
      if (said === null) continue;
      const decision = {
        id: `decision/${clientOrderId}`,
        clientOrderId,
        outcome: said,
        who: 'person',
        note: 'seen',
        at,
      };
      const decisions = withDecision(table.desired.decisions ?? [], decision);
      if (decisions === null) continue;
      if (wrongly !== null) {
        venue.lies.add(clientOrderId);
        venue.watch.lied(lane.symbol, clientOrderId);
      }
      venue.watch.trace(() => `a person says that ${clientOrderId} is ${said}`);
      desire(table, { decisions });
      return true;
    }
  }
  return false;
}

/** What a person says that errs; of what works, too, people say that it has ended. */
const ERRORS = {
  Filled: ['Expired', 'Canceled'],
  Canceled: ['Filled', 'Expired'],
  Expired: ['Filled', 'Canceled'],
  Rejected: ['Canceled', 'Expired'],
  working: ['Canceled', 'Expired'],
} as const;

function outcomeOf(
  venue: WorldVenue,
  clientOrderId: ClientOrderId,
  wrongly: number | null,
): OrderDecision['outcome'] | null {
  const order: SimulatedOrder | null = venue.exchange.order(venue.account, { orderId: null, clientOrderId });
  const status = order?.status ?? null;
  const works = status === 'untriggered' || status === 'open' || status === 'partiallyFilled';
  const truly = works ? 'working' : status === null ? 'Rejected' : END[status];
  if (wrongly !== null) return ERRORS[truly][wrongly < 0.5 ? 0 : 1];
  return truly === 'working' ? null : truly;
}
