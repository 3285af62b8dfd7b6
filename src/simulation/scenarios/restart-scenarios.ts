import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { Size } from '#core/market/scaled-decimal.ts';
import type { Asked, BotAct } from './bot-act.ts';
import { BACKFILL, comesFirst, FATE, firstAsked, isEntry, isNew, isOver } from './conditions.ts';
import { failed, type JudgedScenario, notJudged, type Stage, survived, type Truth, type Verdict } from './scenario.ts';
import { onEntry, onPosition, orderNow, strikeNextPlace, tradeByHand } from './staging.ts';

const WITH_POSITIONS: readonly VenueId[] = VENUES.filter((venue) => !venue.endsWith('-spot'));
/** In this time the owner stops the bot and starts it again. */
const AGAIN_MS = 60_000;
/** For so long it is watched after that. */
const WATCH_MS = 45_000;
const LOOK_MS = 50;
/** Questions that fail when it is back. */
const FAILING = 6;
const OWNER = `stop the bot at once, as a crash would (kill -9), and start it again within ${AGAIN_MS / 1_000} s`;

/** Bots that are killed by their owner and started again; what they do then shows what they know. */
export const restartScenarios: readonly JudgedScenario[] = [
  {
    id: 'F5',
    given: 'the bot has a working order, is killed and started again',
    when: 'its first questions are refused at the start',
    must: 'not take the order for gone: no new order on that side while it stands, unless asked successfully',
    venues: VENUES,
    watchMs: AGAIN_MS + WATCH_MS,
    owner: OWNER,
    arm(stage) {
      onWorkingOrder(stage, () => onceGone(stage, () => stage.arm('rateLimited', FAILING)));
    },
    judge: (truth) =>
      afterRestart(truth, (back) => standsAlone(back, truth) ?? onlyFailure(asksFirst(truth, back, FATE))),
  },
  {
    id: 'F7',
    given: 'the bot is killed',
    when: 'somebody trades by hand before it is started again: it has a position that it knows nothing of',
    must: 'ask for positions, fills or balances before it enters',
    venues: WITH_POSITIONS,
    watchMs: AGAIN_MS + WATCH_MS,
    owner: OWNER,
    arm(stage) {
      onPosition(stage, (symbol, size) => {
        stage.strike(stage.exchange.orders(stage.account, symbol).at(-1) ?? null);
        onceGone(stage, () => {
          tradeByHand(stage, symbol, size > 0 ? 'sell' : 'buy', (2 * Math.abs(size)) as Size, false);
        });
      });
    },
    judge: (truth) => afterRestart(truth, (back) => asksFirst(truth, back, ['positions', 'fills', 'balances'])),
  },
  {
    id: 'F9',
    given: 'the bot has working orders',
    when: 'it is killed and started again',
    must: 'know them again: ask for orders before it enters, and enter on no side on which one still stands',
    venues: VENUES,
    watchMs: AGAIN_MS + WATCH_MS,
    owner: OWNER,
    arm(stage) {
      onWorkingOrder(stage, () => undefined);
    },
    judge: (truth) => afterRestart(truth, (back) => standsAlone(back, truth) ?? asksFirst(truth, back, BACKFILL)),
  },
  {
    id: 'G10',
    given: 'an order on its way, of which no answer came and the account stream says nothing',
    when: 'the bot is killed and started again',
    must: 'ask for orders, fills or positions before it enters; no second order beside the first',
    venues: VENUES,
    watchMs: AGAIN_MS + WATCH_MS,
    owner: OWNER,
    arm: (stage) => strikeNextPlace(stage, 'placeTimesOutButAccepted', true),
    judge: (truth) => afterRestart(truth, (back) => asksFirst(truth, back, BACKFILL)),
  },
];

/** Strikes once an entry of the bot rests. */
function onWorkingOrder(stage: Stage, then: () => void): void {
  onEntry(stage, (act) => {
    const { order } = act;
    stage.later(() => {
      if (stage.struck || orderNow(stage, order).status !== 'open') return;
      stage.strike(orderNow(stage, order));
      then();
    }, 300);
  });
}

/** How many connections of the bot were open after these acts. */
function openAfter(acts: readonly BotAct[]): number {
  let open = 0;
  for (const { kind } of acts) {
    if (kind === 'connected') open += 1;
    else if (kind === 'disconnected') open = Math.max(0, open - 1);
  }
  return open;
}

/** Runs when the last connection of the bot has gone. */
function onceGone(stage: Stage, run: () => void): void {
  const look = (): void => {
    if (openAfter(stage.acts) === 0) run();
    else stage.later(look, LOOK_MS);
  };
  stage.later(look, LOOK_MS);
}

/** What the bot did since it was back, or null: all its connections had gone, and one came again. */
function sinceRestart(truth: Truth): readonly BotAct[] | null {
  let open = openAfter(truth.before);
  let gone = false;
  for (const [index, { kind }] of truth.acts.entries()) {
    if (kind === 'disconnected') open = Math.max(0, open - 1);
    else if (kind === 'connected') {
      if (gone) return truth.acts.slice(index);
      open += 1;
    }
    gone ||= open === 0 && kind === 'disconnected';
  }
  return null;
}

function afterRestart(truth: Truth, judge: (back: readonly BotAct[], truth: Truth) => Verdict | null): Verdict | null {
  const back = sinceRestart(truth);
  const [first] = back ?? [];
  if (back === null || first === undefined)
    return truth.over ? notJudged('the bot was not stopped and started again in time') : null;
  const verdict = judge(back, truth);
  if (verdict !== null) return verdict;
  const elapsedMs = truth.struckAt + truth.elapsedMs - first.at;
  if (elapsedMs < WATCH_MS && !truth.over) return null;
  return survived(`no new order beside an old one within ${Math.round(elapsedMs / 1_000)} s of its return`);
}

const enters = (truth: Truth, act: BotAct): boolean => isNew(act) && isEntry(truth.exchange, act.order, act.held);

function secondsBack(back: readonly BotAct[], index: number): string {
  return `${(((back[index]?.at ?? 0) - (back[0]?.at ?? 0)) / 1_000).toFixed(1)} s after its return`;
}

/** It fails with an entry beside the order that worked when it was killed. Null: none so far, or the order has ended before. */
function standsAlone(back: readonly BotAct[], { subject, exchange, acts }: Truth): Verdict | null {
  const ended = (act: BotAct): boolean =>
    act.kind === 'order' && act.order.orderId === subject?.orderId && isOver(act.order);
  // What ended while it was away is for it to find out.
  if (acts.slice(0, acts.length - back.length).some(ended)) return null;
  const entered = back.findIndex(
    (act) =>
      isNew(act) &&
      act.order.symbol === subject?.symbol &&
      act.order.side === subject.side &&
      isEntry(exchange, act.order, act.held),
  );
  const over = back.findIndex(ended);
  if (entered >= 0 && !comesFirst(over, entered))
    return failed(`entered beside the order that still stood, ${secondsBack(back, entered)}`);
  return entered >= 0 ? survived(`entered only when the old order had ended`) : null;
}

function asksFirst(truth: Truth, back: readonly BotAct[], wanted: readonly Asked[]): Verdict | null {
  const asked = firstAsked(back, wanted);
  const entered = back.findIndex((act) => enters(truth, act));
  if (comesFirst(asked, entered)) return survived(`asked ${secondsBack(back, asked)}, before any entry`);
  return entered >= 0 ? failed(`entered ${secondsBack(back, entered)}, without asking`) : null;
}

/** A question that was asked may have been refused: it proves nothing good. */
function onlyFailure(verdict: Verdict | null): Verdict | null {
  return verdict?.kind === 'failed' ? verdict : null;
}
