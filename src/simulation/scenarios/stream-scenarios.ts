import { VENUES } from '#core/market/instrument.ts';
import {
  BACKFILL,
  comesFirst,
  firstAsked,
  isEntry,
  isNew,
  MENDING,
  nextEntry,
  secondsAt,
  waited,
} from './conditions.ts';
import { failed, type JudgedScenario, type Stage, survived, type Truth, type Verdict } from './scenario.ts';
import { onEntry } from './staging.ts';

/** Orders that were on their way when the line was cut, or the data stopped, are nobody's fault. */
const ON_THE_WAY_MS = 500;
/** A price older than this is stale for anybody. */
const STALE_MS = 5_000;
const FROZEN_MS = 20_000;
const GAP_NOTICED_MS = 1_000;
const GAP_MENDED_MS = 10_000;
const RECONNECT_MS = 60_000;
const MAINTENANCE_MS = 10_000;
/** Ten a second. */
const STORM = 100;

/** Streams that break, freeze, lose frames or end. */
export const streamScenarios: readonly JudgedScenario[] = [
  {
    id: 'F10',
    given: 'the bot has placed an order',
    when: 'every connection is closed in that moment; what is filled meanwhile is never told again',
    must: 'connect again and ask for fills, positions or the list of orders before any further entry',
    venues: VENUES,
    watchMs: RECONNECT_MS,
    arm(stage) {
      onEntry(stage, (act) => {
        stage.strike(act.order, act);
        stage.venue.closeAll();
      });
    },
    judge: backfillsFirst,
  },
  {
    id: 'F15',
    given: 'the account stream is open',
    when: 'the venue lets its session (listen key, authentication) end',
    must: 'notice it within 60 s, open it again, and ask what it missed before any further entry',
    venues: VENUES,
    watchMs: RECONNECT_MS,
    arm(stage) {
      onEntry(stage, (act) => {
        stage.strike(act.order, act);
        stage.later(() => stage.arm('privateStreamExpires'));
      });
    },
    judge(truth) {
      const ended = truth.acts.findIndex((act) => act.kind === 'disconnected' && act.stream === 'private');
      const opened = firstAsked(truth.acts, ['subscribeAccount']);
      if (ended < 0 && opened < 0)
        return truth.over ? failed(`the account stream was not opened again within ${waited(truth)}`) : null;
      return backfillsFirst(truth);
    },
  },
  {
    id: 'F16',
    given: 'the bot takes market data',
    when: 'its market-data connections stay open and mute',
    must: 'connect again within 60 s, without a storm',
    venues: VENUES,
    watchMs: RECONNECT_MS,
    arm(stage) {
      afterTrading(stage, () => {
        stage.venue.faults.setHalfOpen('market');
        stage.atEnd(() => stage.venue.faults.setHalfOpen('none'));
      });
    },
    judge(truth) {
      const opened = truth.acts.filter((act) => act.kind === 'connected' && act.stream === 'market').length;
      if (opened > 20) return failed(`${opened} connections in ${waited(truth)}`);
      const first = truth.acts.findIndex((act) => act.kind === 'connected' && act.stream === 'market');
      if (first >= 0) return survived(`connected again after ${secondsAt(truth, first)}`);
      return truth.over ? failed(`listened to a mute connection for ${waited(truth)}`) : null;
    },
  },
  {
    id: 'F17',
    given: 'the bot trades a symbol',
    when: 'the stream of that symbol stalls without a word, while everything else flows',
    must: 'place no entry on it after 5 s, and subscribe to it again within 60 s',
    venues: VENUES,
    watchMs: RECONNECT_MS,
    arm(stage) {
      onEntry(stage, (act) => {
        const { symbol } = act.order;
        stage.venue.faults.pausePublic(symbol);
        stage.atEnd(() => stage.venue.faults.resumePublic(symbol));
        stage.strike(act.order, act);
      });
    },
    judge(truth) {
      const mended = mendedAt(truth, true);
      const entered = nextEntryOn(truth, STALE_MS);
      if (comesFirst(mended, entered)) return survived(`subscribed again after ${secondsAt(truth, mended)}`);
      if (entered >= 0) return failed(`entered at a price that was ${secondsAt(truth, entered)} old`);
      return truth.over ? failed(`not subscribed again within ${waited(truth)}`) : null;
    },
  },
  {
    id: 'F19',
    given: 'the bot keeps an order book',
    when: 'one change of it is left out, so that the numbers do not follow',
    must: 'take the book for broken: fetch or subscribe it again, and enter nothing until then',
    // Alpaca sends whole quotes: nothing says that one is missing.
    venues: VENUES.filter((venue) => venue !== 'alpaca'),
    watchMs: GAP_MENDED_MS,
    arm: armGap,
    judge(truth) {
      const mended = mendedAt(truth, false);
      const entered = nextEntry(truth, GAP_NOTICED_MS);
      if (comesFirst(mended, entered)) return survived(`took the book anew after ${secondsAt(truth, mended)}`);
      if (entered >= 0) return failed(`entered from a broken book ${secondsAt(truth, entered)} after the gap`);
      return truth.over ? failed(`kept a broken book for ${waited(truth)}`) : null;
    },
  },
  {
    id: 'F21',
    given: 'the bot has been entering',
    when: 'all market data freezes for 20 s, with every connection in order',
    must: 'place no entry at a price older than 5 s',
    venues: VENUES,
    watchMs: FROZEN_MS,
    arm(stage) {
      onEntry(stage, (act) => {
        stage.venue.faults.pausePublic(null);
        stage.atEnd(() => stage.venue.faults.resumePublic(null));
        stage.strike(act.order, act);
      });
    },
    judge(truth) {
      const entered = nextEntry(truth, STALE_MS);
      if (entered >= 0) return failed(`entered at a price that was ${secondsAt(truth, entered)} old`);
      return truth.over ? survived(`no entry for ${waited(truth)}`) : null;
    },
  },
  {
    id: 'F28',
    given: 'the bot keeps an order book',
    when: 'one change of it is left out',
    must: 'subscribe exactly once to mend it',
    venues: VENUES.filter((venue) => venue !== 'alpaca'),
    watchMs: GAP_MENDED_MS,
    arm: armGap,
    judge(truth) {
      if (!truth.over) return null;
      const times = truth.acts.filter((act) => act.kind === 'request' && MENDING.includes(act.asked)).length;
      if (times === 0) return failed('the gap was not noticed');
      return times <= 2
        ? survived(`taken anew ${times === 1 ? 'once' : 'by subscription and snapshot'}`)
        : failed(`taken anew ${times} times`);
    },
  },
  {
    id: 'G8',
    given: 'the bot is trading',
    when: 'the venue is in maintenance for 10 s: REST answers 503, websockets are closed and refused',
    must: 'no storm; come back by itself; ask for fills, positions or orders before any further entry',
    venues: VENUES,
    watchMs: RECONNECT_MS,
    arm(stage) {
      onEntry(stage, (act) => {
        stage.strike(act.order, act);
        stage.venue.faults.setMaintenance(true);
        stage.atEnd(() => stage.venue.faults.setMaintenance(false));
        stage.later(() => stage.venue.faults.setMaintenance(false), MAINTENANCE_MS);
      });
    },
    judge(truth) {
      const during = truth.acts.filter(
        ({ kind, at }) => at - truth.struckAt < MAINTENANCE_MS && (kind === 'request' || kind === 'refusedConnection'),
      ).length;
      if (during > STORM) return failed(`${during} attempts in ${MAINTENANCE_MS / 1_000} s of maintenance`);
      if (truth.elapsedMs < MAINTENANCE_MS) return null;
      // What was asked during the maintenance had no answer.
      const since = truth.acts.filter(({ at }) => at - truth.struckAt >= MAINTENANCE_MS);
      return backfillsFirst({ ...truth, acts: since });
    },
  },
];

/** A private connection is opened again, then the past is asked for, then orders are entered: in this order. */
function backfillsFirst(truth: Truth): Verdict | null {
  const opened = truth.acts.findIndex((act) => act.kind === 'connected' && act.stream === 'private');
  const resumed = opened < 0 ? firstAsked(truth.acts, ['subscribeAccount']) : opened;
  const entered = nextEntry(truth, ON_THE_WAY_MS);
  if (entered >= 0 && (resumed < 0 || entered < resumed))
    return failed(`entered ${secondsAt(truth, entered)} after the end of its account stream, before it was open again`);
  if (resumed < 0) return truth.over ? failed(`not connected again within ${waited(truth)}`) : null;
  const since = truth.acts.slice(resumed);
  const asked = firstAsked(since, BACKFILL);
  if (comesFirst(asked, entered < 0 ? -1 : entered - resumed))
    return survived(`connected again after ${secondsAt(truth, resumed)} and asked what it missed`);
  if (entered >= 0) return failed('entered again without asking what was filled meanwhile');
  return truth.over ? failed(`connected again and never asked what was filled meanwhile (${waited(truth)})`) : null;
}

function afterTrading(stage: Stage, begin: () => void): void {
  onEntry(stage, (act) => {
    begin();
    stage.strike(act.order, act);
  });
}

/** The gap is made once the bot has shown that it trades. What it asks from then on counts: it may mend the book before the gap is seen here. */
function armGap(stage: Stage): void {
  onEntry(stage, (act) => {
    const before = stage.venue.faults.happened('dropPublicFrame');
    if (stage.venue.faults.armed('dropPublicFrame') > 0) return;
    stage.arm('dropPublicFrame');
    const look = (): void => {
      if (stage.venue.faults.happened('dropPublicFrame') > before) stage.strike(null, act);
      else stage.later(look, 5);
    };
    look();
  });
}

/** The book is asked for anew, or the connection made anew. `ofSymbol`: questions for other symbols do not count. */
function mendedAt(truth: Truth, ofSymbol: boolean): number {
  const symbol = truth.subject?.symbol ?? '';
  return truth.acts.findIndex((act) => {
    if (act.kind === 'connected') return act.stream === 'market';
    if (act.kind !== 'request' || !MENDING.includes(act.asked)) return false;
    return !ofSymbol || act.symbols.length === 0 || act.symbols.includes(symbol);
  });
}

function nextEntryOn(truth: Truth, fromMs: number): number {
  return truth.acts.findIndex(
    (act) =>
      isNew(act) &&
      act.at - truth.struckAt >= fromMs &&
      act.order.symbol === truth.subject?.symbol &&
      isEntry(truth.exchange, act.order, act.held),
  );
}
