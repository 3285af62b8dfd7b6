import { VENUES } from '#core/market/instrument.ts';
import {
  asksBeforeEntering,
  comesFirst,
  FATE,
  firstAsked,
  isNew,
  isOver,
  nextOtherSide,
  nextSameSide,
  noSecondOrder,
  secondsAt,
  waited,
} from './conditions.ts';
import { failed, type JudgedScenario, notJudged, type Stage, survived, type Truth, type Verdict } from './scenario.ts';
import {
  fillHalf,
  namedOrder,
  onEntry,
  onRequest,
  orderNow,
  silence,
  strikeNextCancel,
  strikeNextPlace,
} from './staging.ts';

const UNANSWERED_MS = 20_000;
const DELAY_MS = 400;
const LATE_MS = 1_500;
/** How soon an order must be polled, or its answer is lost so that the bot has reason to ask. */
const PATIENT_MS = 4_000;
const ENOUGH_CANCELS = 5;

/** Orders whose answers are lost, unclear, late or wrong. */
export const orderScenarios: readonly JudgedScenario[] = [
  {
    id: 'F1',
    given: 'the bot places an order that may open a position',
    when: 'the venue takes it in and never answers; the account stream is silent about it',
    must: 'ask what became of it before any further order on that side',
    venues: VENUES,
    watchMs: UNANSWERED_MS,
    arm: (stage) => strikeNextPlace(stage, 'placeTimesOutButAccepted', true),
    judge: (truth) => asksBeforeEntering(truth, FATE, 'the lost answer'),
  },
  {
    id: 'F2',
    given: 'the bot places an order',
    when: 'the venue takes it in and answers that the outcome is unknown; the account stream tells the order',
    must: 'no second order',
    venues: VENUES,
    watchMs: 6_000,
    arm: (stage) => strikeNextPlace(stage, 'placeUnclearButAccepted', false),
    judge: (truth) => noSecondOrder(truth, 'the unclear answer'),
  },
  {
    id: 'F3',
    given: 'an order whose answer was lost, of which only the client id is known',
    when: 'the first question for it is answered that there is no such order',
    must: 'ask again, or elsewhere, before any further order on that side',
    venues: VENUES,
    watchMs: UNANSWERED_MS,
    arm(stage) {
      strikeNextPlace(stage, 'placeTimesOutButAccepted', true);
      let forgotten = false;
      stage.onAct((act) => {
        if (!stage.struck || forgotten || act.kind !== 'request' || act.asked !== 'order') return;
        forgotten = true;
        stage.arm('queryNotFound');
      });
    },
    judge(truth) {
      const asked = truth.acts.flatMap((act, index) =>
        act.kind === 'request' && [...FATE, 'positions'].includes(act.asked) ? [index] : [],
      );
      const second = asked[1] ?? -1;
      const entered = nextSameSide(truth);
      if (comesFirst(second, entered)) return survived(`asked again ${secondsAt(truth, second)} after the order`);
      if (entered >= 0) return failed(`a further order after ${asked.length} question(s)`);
      return truth.over ? failed(`asked ${asked.length} time(s) and left it at that`) : null;
    },
  },
  {
    id: 'F4',
    given: 'an order that is alive, or filled',
    when: 'the venue says three times that it does not know it',
    must: 'not take that for its end: ask for open orders, fills or the position before any further order on that side',
    venues: VENUES,
    watchMs: UNANSWERED_MS,
    arm: armForgetfulVenue,
    judge(truth) {
      const elsewhere = firstAsked(truth.acts, ['orders', 'fills', 'positions']);
      const entered = nextSameSide(truth);
      if (comesFirst(elsewhere, entered)) return survived(`asked elsewhere ${secondsAt(truth, elsewhere)} later`);
      if (entered >= 0)
        return failed(`took "not found" for its end: a further order ${secondsAt(truth, entered)} later`);
      return truth.over ? survived(`no further order within ${waited(truth)}`) : null;
    },
  },
  {
    id: 'F6',
    given: 'the bot cancels an order',
    when: 'the answer to the cancel is lost, and the account stream is silent about it',
    must: 'no new order on that side until the cancel is proven',
    venues: VENUES,
    watchMs: UNANSWERED_MS,
    arm: (stage) => strikeNextCancel(stage, 'cancelAnswerLost', true),
    judge: (truth) => asksBeforeEntering(truth, FATE, 'the cancel'),
  },
  {
    id: 'F6b',
    given: 'the bot cancels an order',
    when: 'the cancel is lost on its way: the order lives on, and nothing is answered',
    must: 'no new order on that side while it stands',
    venues: VENUES,
    watchMs: UNANSWERED_MS,
    arm: (stage) => strikeNextCancel(stage, 'cancelLost', false),
    judge(truth) {
      const { subject } = truth;
      const entered = nextSameSide(truth);
      const ended = truth.acts.findIndex(
        (act) => act.kind === 'order' && act.order.orderId === subject?.orderId && isOver(act.order),
      );
      if (entered >= 0 && !comesFirst(ended, entered))
        return failed(`a further order ${secondsAt(truth, entered)} later, beside the one that was not cancelled`);
      if (ended >= 0) return survived(`nothing was ordered until it had ended, ${secondsAt(truth, ended)} later`);
      return truth.over ? survived(`no further order within ${waited(truth)}; it still stands`) : null;
    },
  },
  {
    id: 'F13',
    given: 'an order that has ended without the bot being told',
    when: 'the bot cancels it and hears that there is no such open order',
    must: 'ask whether it was filled or cancelled; not cancel for ever',
    venues: VENUES,
    watchMs: UNANSWERED_MS,
    arm(stage) {
      onRequest(stage, ['cancel'], (request, act) => {
        const order = namedOrder(stage, request);
        if (order === null || order.reduceOnly) return;
        silence(stage);
        stage.exchange.cancel(stage.account, { orderId: order.orderId, clientOrderId: null });
        stage.disarm();
        stage.strike(order, act);
      });
    },
    judge(truth) {
      const asked = firstAsked(truth.acts, FATE);
      const cancels = truth.acts.filter((act) => act.kind === 'request' && act.asked === 'cancel').length;
      if (asked < 0 && cancels > ENOUGH_CANCELS)
        return failed(`${cancels} further cancels of an order that has ended, and no question`);
      return asksBeforeEntering(truth, FATE, 'the refused cancel');
    },
  },
  {
    id: 'F14',
    given: 'the bot amends a resting order',
    when: 'half of it is filled while the amendment is on its way',
    must: 'count what was filled once: what it then sells or buys back is no more than it holds',
    venues: VENUES,
    watchMs: 30_000,
    arm(stage) {
      onRequest(stage, ['amend'], (request, act) => {
        const order = namedOrder(stage, request);
        if (order === null || order.reduceOnly) return;
        stage.venue.faults.setAnswerDelayMs(DELAY_MS);
        stage.atEnd(() => stage.venue.faults.setAnswerDelayMs(0));
        stage.later(() => stage.venue.faults.setAnswerDelayMs(0), 2 * DELAY_MS);
        if (fillHalf(stage, order)) stage.strike(orderNow(stage, order), act);
      });
    },
    judge: (truth) =>
      exitsWhatItHolds(truth, 'no order the other way followed, which would show what the bot has counted'),
  },
  {
    id: 'F23',
    given: 'an order that is filled in part',
    when: 'the venue cancels the rest',
    must: 'order no more than the rest again',
    venues: VENUES,
    watchMs: 15_000,
    arm: armPartialEnd,
    judge(truth) {
      const again = nextSameSide(truth);
      const taken = nextOtherSide(truth);
      const { subject } = truth;
      if (comesFirst(taken, again)) return survived('the next order goes the other way: what was filled is known');
      const act = truth.acts[again];
      if (act !== undefined && isNew(act) && subject !== null) {
        const rest = subject.size - subject.cumulativeSize;
        return act.order.size > rest
          ? failed(`ordered ${act.order.size} lots again ${secondsAt(truth, again)} later; the rest was ${rest}`)
          : survived('ordered no more than the rest');
      }
      return truth.over ? survived(`no further order within ${waited(truth)}`) : null;
    },
  },
  {
    id: 'G1',
    given: 'the bot places an order',
    when: 'what it causes is told before it is acknowledged, and the acknowledgement is late',
    must: 'no second order',
    venues: VENUES,
    watchMs: 4_000,
    arm(stage) {
      strikeNextPlace(stage, 'fillBeforeAck', false);
      delayAnswers(stage);
    },
    judge: (truth) => noSecondOrder(truth, 'the early fill'),
  },
  {
    id: 'G2',
    given: 'an order that is filled',
    when: 'every answer, that about the position included, is 1.5 s late',
    must: 'no second order',
    venues: VENUES,
    watchMs: 4_000,
    arm(stage) {
      delayAnswers(stage);
      stage.onAct((act) => {
        if (act.kind === 'fill' && !act.order.reduceOnly && act.order.clientOrderId !== null && !stage.struck)
          stage.strike(act.order, act);
      });
    },
    judge: (truth) => noSecondOrder(truth, 'the fill'),
  },
  {
    id: 'G3',
    given: 'the bot places an order',
    when: 'it is acknowledged, then refused by the matching engine',
    must: 'assume nothing filled: no attempt to close what was never opened',
    venues: VENUES.filter((venue) => !venue.endsWith('-spot')),
    watchMs: 5_000,
    arm: (stage) => strikeNextPlace(stage, 'acceptedThenRejected', false),
    judge(truth) {
      const closing = truth.acts.findIndex((act) => act.kind === 'request' && act.asked === 'place' && act.reduceOnly);
      if (closing >= 0 && isFlatAt(truth, closing))
        return failed(`tried to close nothing ${secondsAt(truth, closing)} after the refusal`);
      return truth.over ? survived(`closed nothing that was not there within ${waited(truth)}`) : null;
    },
  },
  {
    id: 'G4',
    given: 'an order that is filled in half',
    when: 'the rest is cancelled',
    must: 'hold half: what it sells or buys back is no more than that',
    venues: VENUES,
    watchMs: 20_000,
    arm: armPartialEnd,
    judge: (truth) => exitsWhatItHolds(truth, 'no order the other way followed'),
  },
];

function delayAnswers(stage: Stage): void {
  stage.venue.faults.setAnswerDelayMs(LATE_MS);
  stage.atEnd(() => stage.venue.faults.setAnswerDelayMs(0));
}

/** Each question for a living order by its id is answered "not found"; a bot that never asks is given reason to. */
function armForgetfulVenue(stage: Stage): void {
  let provoked = false;
  onRequest(stage, ['order'], (request, act) => {
    const orders = stage.exchange.orders(stage.account, null);
    const order = orders.findLast(({ orderId, clientOrderId, status }) => {
      const alive = status === 'open' || status === 'partiallyFilled' || status === 'filled';
      return alive && request.ids.some((id) => id === clientOrderId || id === orderId);
    });
    if (order === undefined || order.reduceOnly) return;
    stage.arm('queryNotFound', 3);
    const before = stage.venue.faults.happened('queryNotFound');
    stage.later(() => {
      if (stage.venue.faults.happened('queryNotFound') > before) stage.strike(order, act);
      else stage.disarm();
    });
  });
  stage.later(() => {
    onRequest(stage, ['place'], (request, act) => {
      if (provoked || request.reduceOnly) return;
      provoked = true;
      stage.arm('placeTimesOutButAccepted');
      silence(stage);
      // What it lost without asking is told by F1.
      stage.later(() => {
        if (stage.acts.slice(stage.acts.indexOf(act)).some(isNew)) return;
        provoked = false;
        stage.disarm();
      });
    });
  }, PATIENT_MS);
}

function armPartialEnd(stage: Stage): void {
  onEntry(stage, ({ order }) => {
    // It may be filled in the same breath; what rests is looked at afterwards.
    stage.later(() => {
      if (stage.struck || orderNow(stage, order).status !== 'open' || !fillHalf(stage, order)) return;
      stage.exchange.cancel(stage.account, { orderId: order.orderId, clientOrderId: null });
      stage.strike(orderNow(stage, order));
    });
  });
}

/** The next order the other way shows what the bot believes to hold: all of the position, or no more than the order's own fills. */
function exitsWhatItHolds(truth: Truth, otherwise: string): Verdict | null {
  const { subject, exchange, account } = truth;
  const act = truth.acts[nextOtherSide(truth)];
  if (act === undefined || !isNew(act) || subject === null) return truth.over ? notJudged(otherwise) : null;
  const held = subject.side === 'buy' ? act.held : -act.held;
  if (held <= 0) return notJudged('what was struck was itself an exit: nothing was held after it');
  const filled = exchange.order(account, { orderId: subject.orderId, clientOrderId: null })?.cumulativeSize ?? 0;
  const { side, size } = act.order;
  const numbers = `${side} of ${size} lots; the order had filled ${filled}, the position was ${held}`;
  return size <= filled || size === held ? survived(numbers) : failed(numbers);
}

/** Whether the account held nothing just before an act: what it holds now, less what was filled since. */
function isFlatAt(truth: Truth, index: number): boolean {
  const held = new Map(truth.exchange.positions(truth.account).map(({ symbol, size }) => [symbol, size as number]));
  for (const act of truth.acts.slice(index)) {
    if (act.kind !== 'fill') continue;
    const { symbol, side, size } = act.fill;
    held.set(symbol, (held.get(symbol) ?? 0) - (side === 'buy' ? size : -size));
  }
  return [...held.values()].every((size) => size === 0);
}
