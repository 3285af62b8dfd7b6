import type { Size } from '#core/market/scaled-decimal.ts';
import { marketOrder } from '../exchange/market-order.ts';
import type { SimulatedOrder } from '../exchange/simulated-exchange.ts';
import type { OneShotFault } from '../protocol/venue-faults.ts';
import type { Asked, BotAct, BotRequest, OrderAct } from './bot-act.ts';
import { isEntry, isNew } from './conditions.ts';
import type { Stage } from './scenario.ts';

/** More than one order's reports, fewer than would matter. */
const SILENCE = 50;
const MAX_CHUNKS = 400;
const DEEP = 200;
/** Others ahead, in halves of the order, that are taken bit by bit. */
const FEW = 20;

/** Keeps from the account stream what the next orders report. */
export function silence(stage: Stage): void {
  stage.arm('suppressNextReport', SILENCE);
  stage.arm('suppressNextFill', SILENCE);
}

/** Hears every request of a kind before it is carried out, until the fault has struck. */
export function onRequest(
  stage: Stage,
  asked: readonly Asked[],
  run: (request: BotRequest, act: BotAct) => void,
): void {
  stage.onAct((act) => {
    if (!stage.struck && act.kind === 'request' && asked.includes(act.asked)) run(act, act);
  });
}

/** Hears every order of the bot that may open a position, as soon as the venue has it, until the fault has struck. */
export function onEntry(stage: Stage, run: (act: OrderAct & BotAct) => void): void {
  stage.onAct((act) => {
    if (!stage.struck && isNew(act) && isEntry(stage.exchange, act.order, act.held)) run(act);
  });
}

/** The next order that may open a position meets `fault`; `quietly`: and nothing is told of it by the account stream. */
export function strikeNextPlace(stage: Stage, fault: OneShotFault, quietly: boolean): void {
  onRequest(stage, ['place'], (request, act) => {
    if (request.reduceOnly) return;
    const before = stage.venue.faults.happened(fault);
    stage.arm(fault);
    if (quietly) silence(stage);
    stage.later(() => {
      const placed = stage.acts.slice(stage.acts.indexOf(act)).find(isNew);
      const happened = stage.venue.faults.happened(fault) > before;
      if (happened && placed !== undefined && isEntry(stage.exchange, placed.order, placed.held)) {
        stage.strike(placed.order, placed);
        stage.later(() => stage.disarm(), 3_000);
      } else if (happened && fault === 'acceptedThenRejected') stage.strike(null, act);
      else stage.disarm();
    });
  });
}

/** The next cancel of an order that may open a position meets `fault`; `quietly`: and nothing is told of it by the account stream. */
export function strikeNextCancel(stage: Stage, fault: OneShotFault, quietly: boolean): void {
  onRequest(stage, ['cancel'], (request, act) => {
    const order = namedOrder(stage, request);
    if (order === null || order.reduceOnly) return;
    const before = stage.venue.faults.happened(fault);
    stage.arm(fault);
    if (quietly) silence(stage);
    stage.later(() => {
      if (stage.venue.faults.happened(fault) > before) stage.strike(order, act);
      else stage.disarm();
    });
  });
}

/** The order of the bot that a request names, while it works; the last one working where the venue's own ids are told apart from ours. */
export function namedOrder(stage: Stage, request: BotRequest): SimulatedOrder | null {
  const open = stage.exchange.openOrders(stage.account, null);
  const named = open.find(({ orderId, clientOrderId }) =>
    request.ids.some((id) => id === clientOrderId || id === orderId),
  );
  return named ?? open.at(-1) ?? null;
}

export function orderNow(stage: Stage, order: SimulatedOrder): SimulatedOrder {
  return stage.exchange.order(stage.account, { orderId: order.orderId, clientOrderId: null }) ?? order;
}

/** Others trade against a resting order until about half of it is filled. Says whether it is filled in part then. */
export function fillHalf(stage: Stage, order: SimulatedOrder): boolean {
  const instrument = stage.exchange.instruments.find(({ symbol }) => symbol === order.symbol);
  if (instrument === undefined || order.price === null || order.size < 2 * instrument.lotSize) return false;
  const crowd = stage.crowd();
  const half = order.size / 2;
  const lots = (size: number): Size =>
    (Math.max(1, Math.floor(size / instrument.lotSize)) * instrument.lotSize) as Size;
  const against = (size: Size) =>
    stage.exchange.place(crowd, {
      clientOrderId: null,
      symbol: order.symbol,
      side: order.side === 'buy' ? 'sell' : 'buy',
      type: 'limit',
      timeInForce: 'ioc',
      price: order.price,
      triggerPrice: null,
      size,
      reduceOnly: false,
    });
  // What stands better than its price goes first, at once; then bit by bit, since its place in the queue is not known.
  const bookSide = order.side === 'buy' ? 'bids' : 'asks';
  const levels = stage.exchange.book(order.symbol, DEEP)[bookSide];
  const better = levels.filter(([price]) =>
    order.side === 'buy' ? price > Number(order.price) : price < Number(order.price),
  );
  const ahead = better.reduce((sum, [, size]) => sum + size, 0);
  if (ahead > 0) against(lots(ahead));
  for (let chunk = 0; chunk < MAX_CHUNKS; chunk += 1) {
    const { cumulativeSize, status } = orderNow(stage, order);
    if (status !== 'open' && status !== 'partiallyFilled') return false;
    if (cumulativeSize >= half) break;
    // An order that has just come to rest stands behind nearly all that is there; half of that is surely not its own.
    const there = stage.exchange.book(order.symbol, DEEP)[bookSide].find(([price]) => price === order.price)?.[1] ?? 0;
    const others = there - (order.size - cumulativeSize);
    const wanted = cumulativeSize === 0 && others > FEW * half ? others / 2 : half - cumulativeSize;
    if (against(lots(wanted)).kind === 'refused') break;
  }
  const { cumulativeSize, status } = orderNow(stage, order);
  return status === 'partiallyFilled' && cumulativeSize > 0;
}

/** Trades in the bot's account by hand, as on the venue's own page: at the market, without a client id. */
export function tradeByHand(
  stage: Stage,
  symbol: string,
  side: 'buy' | 'sell',
  size: Size,
  reduceOnly: boolean,
): boolean {
  const outcome = stage.exchange.place(stage.account, marketOrder({ symbol, side, size, reduceOnly }));
  return outcome.kind === 'accepted' && outcome.order.cumulativeSize > 0;
}

/** Waits for a position of the bot, and hands it over once orders can be placed again. */
export function onPosition(stage: Stage, run: (symbol: string, size: number) => void): void {
  let waiting = false;
  stage.onAct((act) => {
    if (stage.struck || waiting || act.kind !== 'fill') return;
    waiting = true;
    stage.later(() => {
      waiting = false;
      const held = stage.exchange.positions(stage.account).find(({ symbol }) => symbol === act.fill.symbol)?.size ?? 0;
      if (held !== 0 && !stage.struck) run(act.fill.symbol, held);
    });
  });
}
