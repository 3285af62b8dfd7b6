import type { SimulatedExchange, SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { Asked, BotAct, OrderAct } from './bot-act.ts';
import { failed, survived, type Truth, type Verdict } from './scenario.ts';

/** Questions whose answers say what became of an order. */
export const FATE: readonly Asked[] = ['order', 'orders', 'fills'];
/** Questions that find what a stream did not tell, whatever it was. */
export const BACKFILL: readonly Asked[] = ['orders', 'fills', 'positions', 'balances'];
/** What mends a book. */
export const MENDING: readonly Asked[] = ['subscribeBook', 'book'];

/**
 * Whether the order may open or enlarge a position, `held` (signed) being what there is. Spot cannot be sold short: there a sale only reduces. Equities know no reduce-only:
 * there an order that takes no more than what is held reduces.
 */
export function isEntry(exchange: SimulatedExchange, order: SimulatedOrder, held: number): boolean {
  if (order.reduceOnly) return false;
  const kind = exchange.instruments.find(({ symbol }) => symbol === order.symbol)?.kind;
  const against = order.side === 'buy' ? -held : held;
  if (kind === 'equity' && against > 0 && order.size <= against) return false;
  return kind !== 'spot' || order.side === 'buy';
}

/** A new order of the bot. The venue's own (liquidations, orders by hand) carry no client id. */
export function isNew(act: BotAct): act is OrderAct {
  return act.kind === 'order' && act.change === 'new' && act.order.clientOrderId !== null;
}

export function isOver({ status }: SimulatedOrder): boolean {
  return status === 'filled' || status === 'canceled' || status === 'expired';
}

export function firstAsked(acts: readonly BotAct[], wanted: readonly Asked[]): number {
  return acts.findIndex((act) => act.kind === 'request' && wanted.includes(act.asked));
}

/** Index of the next order that enters on the subject's side of its symbol; -1: none. */
export function nextSameSide(truth: Truth): number {
  const { subject, exchange } = truth;
  return truth.acts.findIndex(
    (act) =>
      isNew(act) &&
      act.order.orderId !== subject?.orderId &&
      act.order.symbol === subject?.symbol &&
      act.order.side === subject.side &&
      isEntry(exchange, act.order, act.held),
  );
}

/** Index of the next order that goes against the subject's side: the bot has taken up what happened. */
export function nextOtherSide(truth: Truth): number {
  const { subject } = truth;
  return truth.acts.findIndex(
    (act) => isNew(act) && act.order.symbol === subject?.symbol && act.order.side !== subject.side,
  );
}

/** Index of the next order of the bot that may enlarge a position in any symbol; -1: none. */
export function nextEntry(truth: Truth, fromMs = 0): number {
  return truth.acts.findIndex(
    (act) => isNew(act) && act.at - truth.struckAt >= fromMs && isEntry(truth.exchange, act.order, act.held),
  );
}

/** Whether `first` happened, and before `second` where that happened at all. */
export function comesFirst(first: number, second: number): boolean {
  return first >= 0 && (second < 0 || first < second);
}

/** Seconds after the strike, to one digit. */
export function secondsAt(truth: Truth, index: number): string {
  const at = truth.acts[index]?.at ?? truth.struckAt;
  return `${((at - truth.struckAt) / 1_000).toFixed(1)} s`;
}

/** The bot must ask one of `wanted` before it enters again on the same side. */
export function asksBeforeEntering(truth: Truth, wanted: readonly Asked[], subject: string): Verdict | null {
  const asked = firstAsked(truth.acts, wanted);
  const entered = nextSameSide(truth);
  if (comesFirst(asked, entered)) return survived(`asked the venue ${secondsAt(truth, asked)} after ${subject}`);
  if (entered >= 0)
    return failed(`a further order on the same side ${secondsAt(truth, entered)} after ${subject}, without asking`);
  return truth.over ? failed(`never asked what became of it; ${subject} is ${waited(truth)} ago`) : null;
}

/** Index of when the struck order ended without any of it filled: then another one stands beside nothing. */
function endedUnfilled({ acts, subject }: Truth): number {
  return acts.findIndex(
    (act) =>
      act.kind === 'order' &&
      act.order.orderId === subject?.orderId &&
      isOver(act.order) &&
      act.order.cumulativeSize === 0,
  );
}

/** No second order on the same side, while nothing says that the first is done with. */
export function noSecondOrder(truth: Truth, subject: string): Verdict | null {
  const second = nextSameSide(truth);
  const taken = nextOtherSide(truth);
  const asked = firstAsked(truth.acts, FATE);
  const canceled = truth.acts.findIndex((act) => act.kind === 'request' && act.asked === 'cancel');
  const ended = endedUnfilled(truth);
  if (second >= 0 && [taken, asked, canceled, ended].every((each) => each < 0 || each > second))
    return failed(`a second order on the same side ${secondsAt(truth, second)} after ${subject}`);
  if (taken >= 0) return survived('the next order goes the other way: it is known what is held');
  if (second >= 0 && comesFirst(ended, second)) return survived('it had ended unfilled before the next order');
  return truth.over ? survived(`no second order within ${waited(truth)}`) : null;
}

export function waited(truth: Truth): string {
  return `${Math.round(truth.elapsedMs / 1_000)} s`;
}
