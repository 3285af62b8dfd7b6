import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import { parseExact } from '#core/ledger/exact-decimal.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { isTerminal } from '#core/orders/order-state.ts';
import type { UnitRunner } from '#engine/unit-runner.ts';
import type { SimulatedExchange, SimulatedOrder } from '#simulation/exchange/simulated-exchange.ts';
import { heldAt, type WorldVenue } from '#simulation/world/world-venue.ts';
import type { WorldConfirmer } from './world-confirmer.ts';
import type { WorldLedger } from './world-ledger.ts';
import type { WorldTruth } from './world-truth.ts';

export interface WorldAtRest {
  readonly truth: WorldTruth;
  readonly exchange: SimulatedExchange;
  readonly venue: WorldVenue;
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly ledger: WorldLedger;
  readonly confirmer: WorldConfirmer;
  readonly lanes: readonly LaneConfiguration[];
  readonly runners: readonly (UnitRunner | null)[];
}

const ENDED = new Set<SimulatedOrder['status']>(['filled', 'canceled', 'expired']);

/** What must hold when nothing goes wrong any more and nothing is on its way: one position in all three places, every order proven, nothing lost. */
export function checkRest(world: WorldAtRest): void {
  checkPositions(world);
  checkOrders(world);
  checkFills(world);
  checkEvents(world);
  checkConfirmations(world);
}

function checkPositions({ truth, exchange, venue, instruments, ledger, lanes, runners }: WorldAtRest): void {
  const holders = runners.filter((each): each is UnitRunner => each !== null && each.status().closed === null);
  const [holder] = holders;
  if (holders.length !== 1 || holder === undefined) {
    const why = runners.map((each) => each?.status().closed ?? 'not held').join(', ');
    truth.fail('1: one engine trades the unit at rest', `${holders.length} do: ${why}`);
    return;
  }
  for (const { symbol } of lanes) {
    const instrument = instruments.get(symbol);
    const lane = holder.lane(symbol);
    if (instrument === undefined || lane === null) continue;
    const held = heldAt(venue, symbol);
    const kept = ledger.positionOf(symbol);
    if (parseExact(lane.position.text) !== parseExact(held) || parseExact(kept) !== parseExact(held))
      truth.fail(
        '2: one position in all three places',
        `${symbol} engine ${lane.position.text} ledger ${kept} venue ${held}`,
      );
    for (const order of exchange.openOrders('main', symbol)) {
      if (!truth.isOurs(order.clientOrderId)) continue;
      const known = lane.orders.find(order.clientOrderId, order.orderId);
      if (known === null || known.terminal)
        truth.fail('M2: no orphan', `${order.clientOrderId} works at the venue unknown to its lane`);
    }
  }
}

function checkOrders({ truth, exchange, venue, ledger }: WorldAtRest): void {
  const atVenue = new Map(exchange.orders('main', null).map((order) => [order.clientOrderId, order]));
  for (const order of atVenue.values()) {
    const id = order.clientOrderId;
    if (id === null || !truth.isOurs(id) || !ENDED.has(order.status)) continue;
    const state = ledger.order(id).state?.state ?? null;
    // Where the venue has said both, either is what it said.
    const agrees = venue.lies.has(id) || ((state === 'Filled') === (order.status === 'filled') && state !== 'Rejected');
    if (state === null || !isTerminal(state) || !agrees)
      truth.fail('M1: every order is proven', `${id} is ${order.status} at the venue, ${state} in the ledger`);
  }
  for (const { clientOrderId: id, intent, state } of ledger.orders()) {
    if (atVenue.has(id) || intent === null || venue.lies.has(id)) continue;
    if (state?.state !== 'Denied' && state?.state !== 'Rejected')
      truth.fail(
        'M1: every order is proven',
        `${id} never was at the venue, ${state?.state ?? 'nothing'} in the ledger`,
      );
  }
}

function checkFills({ truth, exchange, ledger, venue }: WorldAtRest): void {
  const told = new Set([...ledger.fills().map((fill) => fill.fillId), ...venue.forgottenFills]);
  const untold = exchange.fills('main', null).filter((fill) => !told.has(fill.fillId));
  if (untold.length > 0)
    truth.fail('2: every fill is told', untold.map((each) => `${each.fillId} of ${each.clientOrderId}`).join(', '));
}

function checkEvents({ truth, ledger }: WorldAtRest): void {
  for (const [epoch, seen] of ledger.sequences) {
    const last = Math.max(...seen);
    if (seen.size !== last)
      truth.fail('T4: no event is lost', `epoch ${epoch}: ${last - seen.size} of ${last} never came`);
  }
  const [contradiction] = ledger.contradictions;
  if (contradiction !== undefined) truth.fail('T4: no two stories', contradiction);
}

function checkConfirmations({ truth, exchange, venue, confirmer }: WorldAtRest): void {
  if (confirmer.running > 0) truth.fail('M1: every confirmation ends', `${confirmer.running} do not`);
  for (const { clientOrderId, state, by } of confirmer.outcomes.values()) {
    // What the venue, or a person, said of it was not so.
    if (state === 'Unknown' || venue.lies.has(clientOrderId)) continue;
    const order = exchange.order('main', { orderId: null, clientOrderId });
    const truly = order === null ? 'none' : order.status;
    const same =
      state === 'Filled'
        ? truly === 'filled'
        : state === 'Denied' || state === 'Rejected'
          ? order === null
          : truly === 'canceled' || truly === 'expired';
    if (!same)
      truth.fail('M1: a confirmation says what is', `${clientOrderId} ${state} by ${by}, at the venue ${truly}`);
  }
}
