/**
 * Where a row of the list of faults is shown:
 * `engine`: a real engine process on a venue's protocol server, with the deployed ledger; `server`: our client or a feed on a protocol server, in one process; `world`: the simulated
 * world; `mapping`: streams, mappings and functions; `infrastructure`: templates; `rule`: the one rule that decides it, by example or by property; `soak`: hours.
 */
export type FaultLevel = 'engine' | 'server' | 'world' | 'mapping' | 'infrastructure' | 'rule' | 'soak';

/** A test that shows it: its file, and what its title says, at least in part. */
export interface FaultProof {
  readonly level: FaultLevel;
  readonly file: string;
  readonly title: string;
}

export interface FaultRow {
  /** `F1` to `F30` are from reports about other systems, `G1` to `G20` from the system's own requirements. */
  readonly id: string;
  readonly given: string;
  readonly must: string;
  readonly proofs: readonly FaultProof[];
  /** What was measured on the way, if anything. */
  readonly measured?: string;
  /** What is not shown yet. */
  readonly due?: string;
}

const RUNNING = 'test/campaign/faults-running.test.ts';
const RESTARTS = 'test/campaign/faults-restarts.test.ts';
const SWITCH = 'test/campaign/faults-switch.test.ts';
const MEASURED = 'test/campaign/faults-measured.test.ts';
const CONFIRM = 'test/unit/confirm-decision.test.ts';
const FEEDS = 'test/faults/silent-feeds.test.ts';
const ACCOUNTS = 'test/faults/accounts.test.ts';
const ENGINES = 'test/emulator/engines.test.ts';
const POLLER = 'test/emulator/poller.test.ts';

const at =
  (level: FaultLevel) =>
  (file: string, title: string): FaultProof => ({ level, file, title });
const engine = at('engine');
const server = at('server');
const mapping = at('mapping');
const rule = at('rule');
/** Worlds mix the faults of all rows that they know, from a seed. */
const WORLD: FaultProof = {
  level: 'world',
  file: 'test/world/world.test.ts',
  title: 'M4: the invariants hold after every step and at rest',
};

/** Every row of the list of faults, and where it is shown. */
export const FAULT_TABLE: readonly FaultRow[] = [
  {
    id: 'F1',
    given: 'a place times out, and the venue accepted it',
    must: 'Unknown; asked by client id; exactly one order in the end',
    proofs: [
      engine(RUNNING, 'F1: an answer to an order is lost'),
      WORLD,
      rule(CONFIRM, 'F1: a lost callback is made good'),
    ],
  },
  {
    id: 'F2',
    given: 'the answer is “unknown”, and the stream says accepted',
    must: 'no second order',
    proofs: [engine(RUNNING, 'F2: the answer is unclear and the stream tells the order'), WORLD],
  },
  {
    id: 'F3',
    given: 'only the client id is known, and one question finds nothing',
    must: 'no end without proof from every place that could hold it',
    proofs: [
      engine(RUNNING, 'F3: only the client id is known'),
      rule(CONFIRM, 'F3: executions that sum up to the order'),
    ],
  },
  {
    id: 'F4',
    given: 'a living order is “not found” several times',
    must: 'never an end by itself',
    proofs: [
      engine(RUNNING, 'F4: the venue denies a living order three times'),
      WORLD,
      rule(CONFIRM, 'F4: an order that the venue once knew and then forgets is unknown'),
    ],
  },
  {
    id: 'F5',
    given: 'an old open order, and questions fail at the start',
    must: 'stays open and flagged; not booked as cancelled',
    proofs: [engine(RESTARTS, 'F5: started while every question fails'), WORLD],
  },
  {
    id: 'F6',
    given: 'a cancel, or its answer, is lost',
    must: 'exposure counts the order; no new one until its end is proven',
    proofs: [
      engine(RUNNING, 'F6: the answer to a cancel is lost'),
      engine(RUNNING, 'F6b: a cancel is lost on its way'),
      WORLD,
      rule('test/unit/risk-lane.test.ts', 'F6: an order of one lane that is Unknown counts at its full size'),
    ],
  },
  {
    id: 'F7',
    given: 'a restart with an old position whose fills cannot be had',
    must: 'the venue’s position is taken over with the reason; reducing at first',
    proofs: [
      engine(RESTARTS, 'F7: started with a position that nobody told'),
      rule('test/unit/recovery.test.ts', 'H2: a position that no fill explains is an opening'),
      rule('test/property/missing-history.test.ts', 'F7, F8: whatever history is missing'),
    ],
  },
  {
    id: 'F8',
    given: 'what is known and what the venue has differ',
    must: 'corrected, or the symbol halted and people told; never only logged',
    proofs: [
      engine(RUNNING, 'F8: the position differs from what was told'),
      rule('test/unit/reconciliation.test.ts', 'F8: a lane that says it is flat while something is held'),
    ],
  },
  {
    id: 'F9',
    given: 'SIGKILL with 14 working orders',
    must: 'all of them known again',
    proofs: [engine(RESTARTS, 'F9: killed with fourteen working orders'), WORLD],
  },
  {
    id: 'F10',
    given: 'a fill while the account stream is down',
    must: 'asked for before trading opens again',
    proofs: [engine(RUNNING, 'F10: all connections end as an order is placed'), WORLD],
  },
  {
    id: 'F11',
    given: 'fills arrive while the connection counts as lost',
    must: 'counted all the same',
    proofs: [engine(MEASURED, 'F11: a fill that is told while the account is not reconciled'), WORLD],
    measured: 'a fill on the stream while the account was not reconciled: told 18 ms later',
  },
  {
    id: 'F12',
    given: 'a healthy stream never sends one fill',
    must: 'found within one interval',
    proofs: [
      engine(RUNNING, 'F12: a fill is never told on a healthy stream'),
      engine(MEASURED, 'F12: a fill that is never told is found'),
      WORLD,
    ],
    measured: 'a fill that was never told: found after 0.10 to 0.73 s, in the middle 0.14 s, of 5; the interval is 5 s',
  },
  {
    id: 'F13',
    given: 'a cancel is answered “not an open order”',
    must: 'resolved by a question; no endless cancel',
    proofs: [engine(RUNNING, 'F13: a cancel is refused because the order has ended')],
  },
  {
    id: 'F14',
    given: 'a fill during an amendment',
    must: 'counted once; the amendment’s outcome apart',
    proofs: [
      engine(RUNNING, 'F14: half is filled while an amendment is on its way'),
      rule('test/property/order-state.test.ts', 'F14: a fill or an older report during an amendment'),
    ],
  },
  {
    id: 'F15',
    given: 'the listen key or session ends, the socket stays open',
    must: 'found within 60 s, opened anew, what was missed asked for; two notices are one recovery',
    proofs: [
      engine(RUNNING, 'F15: the session of the account stream ends'),
      server(ACCOUNTS, 'F15: a private session that the venue ends is noticed within a minute'),
    ],
  },
  {
    id: 'F16',
    given: 'a data socket is mute',
    must: 'found by its channels; reconnected without a storm',
    proofs: [
      engine(RUNNING, 'F16: market data is mute'),
      server(FEEDS, 'F16: a socket that is mute is found by its channels'),
    ],
  },
  {
    id: 'F17',
    given: 'one symbol stalls while others flow',
    must: 'that one alone is subscribed again; no entry at its old price',
    proofs: [
      engine(RUNNING, 'F17: the stream of one symbol stalls'),
      server(FEEDS, 'F17: one symbol’s stream stalls while others flow'),
    ],
  },
  {
    id: 'F18',
    given: 'one account stream for each key, and a dead one is held',
    must: 'one owner; orders blocked until authorised; the wait bounded and visible',
    proofs: [
      server('test/unit/connection-opening.test.ts', 'F18: a venue that still holds an earlier connection'),
      rule('test/unit/engine-reconfigure.test.ts', 'R8, F18: has one feed'),
    ],
  },
  {
    id: 'F19',
    given: 'the numbers of a book break',
    must: 'not quoted, taken anew',
    proofs: [
      engine(RUNNING, 'F19: a change of the book is left out'),
      server(FEEDS, 'F19: a book whose sequence breaks is not quoted'),
      WORLD,
    ],
  },
  {
    id: 'F20',
    given: 'ten times the usual rate',
    must: 'no event lost between two reads',
    proofs: [
      engine(MEASURED, 'F20: ten times the usual rate'),
      server(FEEDS, 'F20: with a consumer that is busy at ten times the rate'),
    ],
    measured: '607 frames a second of two symbols: all received, none shed, no gap',
  },
  {
    id: 'F21',
    given: 'the book freezes',
    must: 'no entry at a stale price; cancels pass',
    proofs: [
      engine(RUNNING, 'F21: all prices freeze'),
      server('test/faults/stale-prices.test.ts', 'F21: a venue that repeats the state of 45 minutes ago'),
      WORLD,
    ],
  },
  {
    id: 'F22',
    given: 'a day with reconnections',
    must: 'memory flat below a stated bound',
    proofs: [at('soak')('test/unit/soak.test.ts', 'R13, T5: a real engine under a paced flood')],
    measured: '`npm run soak` runs for as long as it is told, against the same bounds (`running.md`)',
  },
  {
    id: 'F23',
    given: 'partly filled, the rest cancelled',
    must: 'no more than the rest again, from fills',
    proofs: [engine(RUNNING, 'F23: a partly filled order loses its rest')],
  },
  {
    id: 'F24',
    given: 'a stop is left after the position is closed',
    must: 'reduce-only, audited against the position each cycle',
    proofs: [
      engine(RUNNING, 'F24: the position is closed by hand'),
      rule('test/property/lane.test.ts', 'where the venue knows no reduce-only, no two exits can fill'),
    ],
    measured: 'stop loss (H9), from the price’s breach to the wire: 1 to 352 ms, in the middle 58 ms, of 12',
  },
  {
    id: 'F25',
    given: 'the venue liquidates',
    must: 'closed here with the venue’s price and fee',
    proofs: [engine(RUNNING, 'F25: the venue liquidates'), engine(MEASURED, 'F25: a liquidation is found'), WORLD],
  },
  {
    id: 'F26',
    given: 'refused for the rate',
    must: 'nothing more until the wait is over; cancels have their reserve',
    proofs: [
      engine(RUNNING, 'F26: requests are refused for their rate'),
      server(ACCOUNTS, 'F26: after a refusal for the rate nothing is asked'),
    ],
  },
  {
    id: 'F27',
    given: 'taking the time makes it drift',
    must: 'signed requests never ahead; alarm beyond 250 ms',
    proofs: [
      server(ACCOUNTS, 'F27: with clocks apart it signs by the venue’s time'),
      server(FEEDS, 'F27: clocks more than 250 ms apart are told'),
      rule('test/unit/connection-venue-clock.test.ts', 'H11, F27: it is never ahead of the venue'),
    ],
  },
  {
    id: 'F28',
    given: 'a gap of a busy book',
    must: 'exactly one resubscription',
    proofs: [engine(RUNNING, 'F28: a gap of a busy book'), server(FEEDS, 'F28: a gap on a busy book')],
  },
  {
    id: 'F29',
    given: 'a rolling deployment runs two tasks',
    must: 'the old one places nothing once its lease is gone; it drains in 120 s',
    proofs: [
      WORLD,
      engine(ENGINES, 'R8, M2, G10, G11'),
      rule('test/unit/engine.test.ts', 'M2, F29: a holder whose lease is not renewed'),
    ],
  },
  {
    id: 'F30',
    given: 'a poison record; a record delivered twice',
    must: 'set aside, the shard goes on; applied once; no order from a repeated record',
    proofs: [
      mapping(POLLER, 'T4: what can never succeed reaches the bucket with its payload'),
      mapping('test/property/event-source-poller.test.ts', 'splitting isolates a poison record'),
      mapping('test/unit/desired-state.test.ts', 'S21: any order and redelivery of commands'),
    ],
  },
  {
    id: 'G1',
    given: 'a fill before the acknowledgement, and a tick between them',
    must: 'no second entry',
    proofs: [engine(RUNNING, 'G1: a fill is told before its acknowledgement'), WORLD],
  },
  {
    id: 'G2',
    given: 'filled, and every answer is late',
    must: 'no second entry',
    proofs: [engine(RUNNING, 'G2: a fill is told and every answer is late')],
  },
  {
    id: 'G3',
    given: 'accepted, then rejected by the matching engine',
    must: 'idle with the reason; nothing taken for filled',
    proofs: [engine(RUNNING, 'G3: acknowledged, then refused by the matching engine'), WORLD],
  },
  {
    id: 'G4',
    given: 'half filled, the rest cancelled',
    must: 'half is held',
    proofs: [
      engine(RUNNING, 'G4: half is filled and the rest cancelled'),
      rule(CONFIRM, 'G4: half filled and cancelled'),
    ],
  },
  {
    id: 'G5',
    given: 'an unsubscription is refused or its answer lost, and old ticks go on',
    must: 'none reaches the strategy; fails safe, tried again',
    proofs: [
      engine(SWITCH, 'G5: an unsubscription is refused'),
      engine(SWITCH, 'G5: the answer to an unsubscription is lost'),
      rule('test/property/symbol-switch.test.ts', 'H4, G5, G6: whatever happens in whatever order'),
    ],
    measured: 'refused: it had traded twice again after 2.3 s; lost without an answer: after 12.8 s',
  },
  {
    id: 'G6',
    given: 'symbols are proposed faster than they can be changed',
    must: 'the latest wins, nothing blocks',
    proofs: [
      engine(SWITCH, 'G6: symbols are proposed faster than they can be changed'),
      rule('test/property/symbol-switch.test.ts', 'G6: proposals faster than they can be carried out'),
    ],
    measured: '30 proposals, 18 changes, none queued',
  },
  {
    id: 'G7',
    given: 'the stream is down',
    must: 'memory flat; trading events all arrive; frames published or counted',
    proofs: [
      engine('test/campaign/minute-outages.test.ts', 'G7: of a stream that is down'),
      rule('test/unit/publisher.test.ts', 'G7: with the stream down the oldest frames are shed and counted'),
      WORLD,
    ],
    due: 'an hour at 10,000 messages a second: with the performance part',
  },
  {
    id: 'G8',
    given: 'maintenance of the venue',
    must: 'no storm; back by itself; compared before trading',
    proofs: [
      engine(RUNNING, 'G8: maintenance: no storm'),
      server(FEEDS, 'G8: 30 minutes of maintenance'),
      server('test/campaign/minute-outages.test.ts', 'G8: of maintenance at'),
      WORLD,
    ],
  },
  {
    id: 'G9',
    given: 'a key is rotated to a wrong one, then to a right one',
    must: 'feeds go on, the account is degraded and told, recovers by itself',
    proofs: [
      server('test/faults/wrong-keys.test.ts', 'G9: a key rotated to a wrong one and back'),
      rule('test/unit/secrets.test.ts', 'G9: a rotated key is in use within 60 s'),
    ],
  },
  {
    id: 'G10',
    given: 'SIGKILL between intent and request, request and acknowledgement, acknowledgement and fill',
    must: 'the successor finds each; nothing doubled or orphaned',
    proofs: [
      engine(RESTARTS, 'G10: killed between the intent and the request'),
      engine(RESTARTS, 'G10: killed between the request and its acknowledgement'),
      engine(RESTARTS, 'G10: killed between the acknowledgement and the fill'),
      WORLD,
    ],
  },
  {
    id: 'G11',
    given: 'SIGSTOP, a successor, and the old one goes on',
    must: 'it places nothing',
    proofs: [
      engine(RESTARTS, 'G11: stopped, and going on when its successor trades'),
      engine(ENGINES, 'R8, M2, G10, G11'),
      WORLD,
    ],
  },
  {
    id: 'G12',
    given: 'the wall clock steps; the venue’s clock is off by 3 s',
    must: 'no false staleness; signatures right',
    proofs: [
      engine(RUNNING, 'G12: the clock of the venue falls 3 s behind'),
      server(FEEDS, 'G12: a wall clock that steps an hour'),
      server(ACCOUNTS, 'G12: a wall clock that steps an hour'),
      WORLD,
    ],
  },
  {
    id: 'G13',
    given: 'closed by hand; liquidated',
    must: 'found within 5 s; the lane right; people told',
    proofs: [
      engine(RUNNING, 'G13: a position is closed by hand'),
      engine(MEASURED, 'G13: a position that is closed by hand'),
      WORLD,
    ],
    measured:
      'closed by hand and told: 3 to 571 ms, in the middle 35 ms, of 5; not told: 0.2 to 5.0 s, in the middle 0.9 s, of 5',
  },
  {
    id: 'G14',
    given: 'truncated, garbage, huge or newer records',
    must: 'set aside with their payload; the rest goes on',
    proofs: [
      mapping('test/unit/ordered-stream-processor.test.ts', 'T4, G14: a malformed record is set aside'),
      mapping('test/unit/ordered-stream-processor.test.ts', 'G14: a record of which no line is an event'),
      mapping('test/unit/persist.test.ts', 'G14: a record that is not ours'),
      mapping('test/unit/archive.test.ts', 'G14: a broken record goes to quarantine whole'),
      mapping('test/unit/trading-event.test.ts', 'T4: of a version to come is held, not set aside (G14)'),
    ],
  },
  {
    id: 'G15',
    given: 'the same command or event twice, or out of order',
    must: 'one trade at most',
    proofs: [WORLD, rule('test/unit/desired-state.test.ts', 'S21: any order and redelivery of commands')],
    due: 'news and signals: with the sentiment part',
  },
  {
    id: 'G16',
    given: 'sizes and prices of 0, an empty history, weights that are no weights',
    must: 'refused or defined, never passed on',
    proofs: [rule('test/unit/momentum-scalper.test.ts', 'G16: an empty book is no signal')],
    due: 'weights: with the portfolio part',
  },
  {
    id: 'G17',
    given: 'changes of clocks, half days, holidays, leap seconds, weekends',
    must: 'market hours right',
    proofs: [
      rule('test/unit/market-hours.test.ts', 'G17: the week of a change of clocks'),
      rule('test/unit/market-hours.test.ts', 'G17: a half day ends at 13:00'),
      rule('test/unit/market-hours.test.ts', 'G17: a leap second changes nothing'),
      rule('test/unit/risk-lane.test.ts', 'G17: a position over the weekend'),
    ],
  },
  {
    id: 'G18',
    given: 'a dashboard client stops reading',
    must: 'others undelayed; cut off past the bound',
    proofs: [],
    due: 'with the dashboard',
  },
  {
    id: 'G19',
    given: 'a user of account A asks for account B',
    must: 'refused, by IAM as well as by code',
    proofs: [],
    due: 'with the API',
  },
  {
    id: 'G20',
    given: 'the sentiment model is down, slow, unsure or talks nonsense',
    must: 'the fallback, marked as such',
    proofs: [],
    due: 'with the sentiment part',
  },
];
