import { Decimal } from 'decimal.js';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { Size } from '#core/market/scaled-decimal.ts';
import type { Asked } from './bot-act.ts';
import { comesFirst, FATE, firstAsked, isEntry, isNew, nextEntry, secondsAt, waited } from './conditions.ts';
import { failed, type JudgedScenario, type Stage, survived, type Truth, type Verdict } from './scenario.ts';
import { onEntry, onPosition, onRequest, tradeByHand } from './staging.ts';

const WITH_POSITIONS: readonly VenueId[] = VENUES.filter((venue) => !venue.endsWith('-spot'));
const WITH_LIQUIDATION: readonly VenueId[] = ['binance-usdm', 'bybit-linear', 'deribit'];
const FOUND_MS = 15_000;
const CLOSED_WATCH_MS = 10_000;
/** An exit that was on its way when the position was closed is nobody's fault. */
const ON_THE_WAY_MS = 200;
/** By then a change of the position must have been found. */
const FOUND_BY_MS = 5_000;
const LOOK_MS = 20;
const REFUSALS = 5;
const REFUSED_WAIT_MS = 1_000;
/** What may have been on its way when the refusal came. */
const IN_FLIGHT = 3;
const CLOCK_MS = 3_000;
/** What is left in the wallet of an account that is to be liquidated. */
const LEFT = '0.000001';
const FINDING: readonly Asked[] = [...FATE, 'positions', 'balances'];

/** Fills that are not told, positions that change without the bot, limits and clocks. */
export const accountScenarios: readonly JudgedScenario[] = [
  {
    id: 'F8',
    given: 'the bot is trading',
    when: 'its position comes to differ from what it was told: an order by hand, whose fill the account stream does not tell',
    must: 'ask for positions or fills within 15 s; no entry after that time without having asked',
    venues: WITH_POSITIONS,
    watchMs: FOUND_MS,
    arm(stage) {
      onEntry(stage, (act) => {
        const { order } = act;
        stage.later(() => {
          if (stage.struck) return;
          stage.arm('suppressNextFill', 20);
          stage.arm('suppressNextReport', 20);
          if (tradeByHand(stage, order.symbol, order.side, order.size, false)) stage.strike(order);
          stage.disarm();
        });
      });
    },
    judge: (truth) => findsOut(truth, ['positions', 'fills', 'balances'], 'the trade by hand'),
  },
  {
    id: 'F12',
    given: 'an order of the bot is filled',
    when: 'the frame that tells it is never sent, on a stream that is healthy',
    must: 'find it by asking, within 15 s',
    venues: VENUES,
    watchMs: FOUND_MS,
    arm(stage) {
      onRequest(stage, ['place'], () => {
        if (stage.venue.faults.armed('suppressNextFill') === 0) stage.arm('suppressNextFill');
      });
      const before = stage.venue.faults.happened('suppressNextFill');
      stage.onAct((act) => {
        if (act.kind !== 'fill' || stage.struck) return;
        stage.later(() => {
          if (stage.venue.faults.happened('suppressNextFill') > before) stage.strike(act.order, act);
        });
      });
    },
    judge: (truth) => findsOut(truth, FINDING, 'the fill that was not told'),
  },
  {
    id: 'F24',
    given: 'the bot holds a position that a stop order at the venue protects',
    when: 'the position is closed by hand',
    must: 'leave no stop behind that could open a position',
    venues: WITH_POSITIONS,
    watchMs: CLOSED_WATCH_MS,
    arm(stage) {
      const protectedNow = (): void => {
        if (stage.struck) return;
        const stops = stage.exchange.openOrders(stage.account, null).filter(({ status }) => status === 'untriggered');
        const position = stage.exchange
          .positions(stage.account)
          .find(({ symbol, size }) => size !== 0 && stops.some((stop) => stop.symbol === symbol));
        if (position !== undefined && closeByHand(stage, position.symbol, position.size)) stage.strike(null);
        else stage.later(protectedNow, 50);
      };
      protectedNow();
    },
    judge(truth) {
      if (!truth.over) return null;
      const left = truth.exchange
        .openOrders(truth.account, null)
        .filter((order) => order.status === 'untriggered' && isEntry(truth.exchange, order, 0));
      return left.length === 0
        ? survived('no stop is left that could open a position')
        : failed(`${left.length} stop(s) left that would open a position`);
    },
  },
  {
    id: 'F25',
    given: 'the bot holds a position',
    when: 'the venue liquidates it',
    must: 'not close what it no longer holds',
    venues: WITH_LIQUIDATION,
    watchMs: CLOSED_WATCH_MS,
    arm: armLiquidation,
    judge: closesNothing,
  },
  {
    id: 'F26',
    given: 'the bot is trading',
    when: 'its requests are refused for their rate',
    must: 'wait before it asks again; cancels may pass',
    venues: VENUES,
    watchMs: REFUSED_WAIT_MS,
    arm(stage) {
      onRequest(stage, ['place', 'order', 'orders', 'fills', 'positions', 'balances'], (_request, act) => {
        const before = stage.venue.faults.happened('rateLimited');
        stage.arm('rateLimited', REFUSALS);
        stage.later(() => {
          if (stage.venue.faults.happened('rateLimited') > before) stage.strike(null, act);
          else stage.disarm();
        });
      });
    },
    judge(truth) {
      const further = truth.acts.filter(
        (act) =>
          act.kind === 'request' && !['cancel', 'subscribeBook', 'subscribeAccount', 'other'].includes(act.asked),
      ).length;
      if (further > IN_FLIGHT) return failed(`${further} further requests within a second of the refusal`);
      return truth.over ? survived(`${further} further request(s) within a second`) : null;
    },
  },
  {
    id: 'G12',
    given: 'the bot is trading',
    when: "the venue's clock falls 3 s behind the bot's",
    must: 'go on placing orders that the venue takes',
    venues: ['binance-usdm', 'binance-spot', 'bybit-linear', 'bybit-spot'],
    watchMs: 30_000,
    arm(stage) {
      onEntry(stage, (act) => {
        stage.venue.faults.setClockOffsetMs(-CLOCK_MS);
        stage.atEnd(() => stage.venue.faults.setClockOffsetMs(0));
        stage.strike(act.order, act);
      });
    },
    judge(truth) {
      const taken = truth.acts.findIndex(isNew);
      if (taken >= 0) return survived(`an order was taken ${secondsAt(truth, taken)} later`);
      const tried = truth.acts.filter((act) => act.kind === 'request' && act.asked === 'place').length;
      return truth.over ? failed(`${tried} order(s) tried within ${waited(truth)}, none taken`) : null;
    },
  },
  {
    id: 'G13',
    given: 'the bot holds a position',
    when: "it is closed by hand on the venue's own page",
    must: 'not close it a second time',
    venues: WITH_POSITIONS,
    watchMs: CLOSED_WATCH_MS,
    arm(stage) {
      onPosition(stage, (symbol, size) => {
        if (closeByHand(stage, symbol, size)) stage.strike(stage.exchange.orders(stage.account, symbol).at(-1) ?? null);
      });
    },
    judge: closesNothing,
  },
];

/** It must ask within the time of the watch; an entry before that is nobody's fault. */
function findsOut(truth: Truth, wanted: readonly Asked[], what: string): Verdict | null {
  const asked = firstAsked(truth.acts, wanted);
  const entered = nextEntry(truth, FOUND_MS);
  if (comesFirst(asked, entered)) return survived(`asked the venue ${secondsAt(truth, asked)} after ${what}`);
  return truth.over ? failed(`not looked for within ${waited(truth)}`) : null;
}

/** The subject is the order that closed the position: an exit of what was held before it, without reduce-only, opens another. */
function closesNothing(truth: Truth): Verdict | null {
  const { subject } = truth;
  // Of a bot that marks its exits as reduce-only, what is not marked is an entry, of whatever size.
  const marksExits = truth.before.some((act) => isNew(act) && act.order.reduceOnly);
  const wrong = truth.acts.findIndex(
    (act) =>
      !marksExits &&
      isNew(act) &&
      act.at - truth.struckAt >= ON_THE_WAY_MS &&
      act.order.symbol === subject?.symbol &&
      act.order.side === subject.side &&
      !act.order.reduceOnly &&
      act.order.size === Math.abs(act.held) + subject.size,
  );
  if (wrong >= 0) return failed(`closed again what it no longer held, ${secondsAt(truth, wrong)} later`);
  const late = truth.acts.filter((act) => act.at - truth.struckAt >= FOUND_BY_MS);
  const tries = late.filter((act) => act.kind === 'request' && act.asked === 'place' && act.reduceOnly).length;
  const taken = late.filter((act) => isNew(act) && act.order.reduceOnly).length;
  if (tries - taken > 2) return failed(`${tries - taken} refused attempts to close what it no longer held`);
  return truth.over ? survived(`closed nothing more within ${waited(truth)}`) : null;
}

function closeByHand(stage: Stage, symbol: string, size: number): boolean {
  return tradeByHand(stage, symbol, size > 0 ? 'sell' : 'buy', Math.abs(size) as Size, true);
}

/** The wallet is emptied, so that the next change of the mark price liquidates; afterwards the money comes back. */
function armLiquidation(stage: Stage): void {
  let taken: { readonly currency: string; readonly amount: string } | null = null;
  const giveBack = (): void => {
    if (taken === null) return;
    stage.exchange.transfer(stage.account, taken.currency, taken.amount);
    taken = null;
  };
  stage.atEnd(giveBack);
  onPosition(stage, (symbol) => {
    const currency = stage.exchange.instruments.find((each) => each.symbol === symbol)?.settlementCurrency;
    const wallet = stage.exchange.balances(stage.account).find((each) => each.currency === currency);
    if (taken !== null || currency === undefined || wallet === undefined) return;
    const amount = new Decimal(wallet.walletBalance).sub(LEFT).toFixed();
    stage.exchange.transfer(stage.account, currency, `-${amount}`);
    taken = { currency, amount };
    // The bot may close its position before the mark price moves: then the next one is tried.
    const look = (): void => {
      const held = stage.exchange.positions(stage.account).some((each) => each.symbol === symbol);
      if (stage.struck) return;
      if (held) stage.later(look, LOOK_MS);
      else giveBack();
    };
    stage.later(look, LOOK_MS);
  });
  stage.onAct((act) => {
    if (act.kind !== 'fill' || act.fill.cause !== 'liquidation' || stage.struck) return;
    stage.strike(act.order, act);
    stage.later(giveBack);
  });
}
