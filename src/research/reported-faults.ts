import { engine, type FaultRow, mapping, rule, SHOWN_IN, server, soak, WORLD } from './fault-row.ts';

/** Rows F: what reports about other trading systems tell. */
export const REPORTED_FAULTS: readonly FaultRow[] = [
  {
    id: 'F1',
    given: 'a place times out, and the venue accepted it',
    must: 'Unknown; asked by client id; exactly one order in the end',
    proofs: [
      engine(SHOWN_IN.running, 'F1: an answer to an order is lost'),
      WORLD,
      rule(SHOWN_IN.confirmation, 'F1: a lost callback is made good'),
    ],
  },
  {
    id: 'F2',
    given: 'the answer is “unknown”, and the stream says accepted',
    must: 'no second order',
    proofs: [engine(SHOWN_IN.running, 'F2: the answer is unclear and the stream tells the order'), WORLD],
  },
  {
    id: 'F3',
    given: 'only the client id is known, and one question finds nothing',
    must: 'no end without proof from every place that could hold it',
    proofs: [
      engine(SHOWN_IN.running, 'F3: only the client id is known'),
      rule(SHOWN_IN.confirmation, 'F3: executions that sum up to the order'),
    ],
  },
  {
    id: 'F4',
    given: 'a living order is “not found” several times',
    must: 'never an end by itself',
    proofs: [
      engine(SHOWN_IN.running, 'F4: the venue denies a living order three times'),
      WORLD,
      rule(SHOWN_IN.confirmation, 'F4: an order that the venue once knew and then forgets is unknown'),
      rule('test/unit/unit-recovery.test.ts', 'M1, F4: one that the list holds by a later look is told then, once'),
    ],
  },
  {
    id: 'F5',
    given: 'an old open order, and questions fail at the start',
    must: 'stays open and flagged; not booked as cancelled',
    proofs: [engine(SHOWN_IN.restarts, 'F5: started while every question fails'), WORLD],
  },
  {
    id: 'F6',
    given: 'a cancel, or its answer, is lost',
    must: 'exposure counts the order; no new one until its end is proven',
    proofs: [
      engine(SHOWN_IN.running, 'F6: the answer to a cancel is lost'),
      engine(SHOWN_IN.running, 'F6b: a cancel is lost on its way'),
      WORLD,
      rule('test/unit/risk-lane.test.ts', 'F6: an order of one lane that is Unknown counts at its full size'),
    ],
  },
  {
    id: 'F7',
    given: 'a restart with an old position whose fills cannot be had',
    must: 'the venue’s position is taken over with the reason; reducing at first',
    proofs: [
      engine(SHOWN_IN.restarts, 'F7: started with a position that nobody told'),
      rule('test/unit/recovery.test.ts', 'H2: a position that no fill explains is an opening'),
      rule('test/property/missing-history.test.ts', 'F7, F8: whatever history is missing'),
    ],
  },
  {
    id: 'F8',
    given: 'what is known and what the venue has differ',
    must: 'corrected, or the symbol halted and people told; never only logged',
    proofs: [
      engine(SHOWN_IN.running, 'F8: the position differs from what was told'),
      rule('test/unit/reconciliation.test.ts', 'F8: a lane that says it is flat while something is held'),
    ],
  },
  {
    id: 'F9',
    given: 'SIGKILL with 14 working orders',
    must: 'all of them known again',
    proofs: [engine(SHOWN_IN.restarts, 'F9: killed with fourteen working orders'), WORLD],
  },
  {
    id: 'F10',
    given: 'a fill while the account stream is down',
    must: 'asked for before trading opens again',
    proofs: [engine(SHOWN_IN.running, 'F10: all connections end as an order is placed'), WORLD],
  },
  {
    id: 'F11',
    given: 'fills arrive while the connection counts as lost',
    must: 'counted all the same',
    proofs: [engine(SHOWN_IN.measured, 'F11: a fill that is told while the account is not reconciled'), WORLD],
    measured: 'a fill on the stream while the account was not reconciled: told 3 ms later',
  },
  {
    id: 'F12',
    given: 'a healthy stream never sends one fill',
    must: 'found within one interval',
    proofs: [
      engine(SHOWN_IN.running, 'F12: a fill is never told on a healthy stream'),
      engine(SHOWN_IN.measured, 'F12: a fill that is never told is found'),
      WORLD,
      rule('test/property/late-executions.test.ts', 'H2, F12: none counts twice, not for a moment'),
    ],
    measured: 'a fill that was never told: found after 0.08 to 0.75 s, in the middle 0.72 s, of 5; the interval is 5 s',
  },
  {
    id: 'F13',
    given: 'a cancel is answered “not an open order”',
    must: 'resolved by a question; no endless cancel',
    proofs: [engine(SHOWN_IN.running, 'F13: a cancel is refused because the order has ended')],
  },
  {
    id: 'F14',
    given: 'a fill during an amendment',
    must: 'counted once; the amendment’s outcome apart',
    proofs: [
      engine(SHOWN_IN.running, 'F14: half is filled while an amendment is on its way'),
      rule('test/property/order-state.test.ts', 'F14: a fill or an older report during an amendment'),
    ],
  },
  {
    id: 'F15',
    given: 'the listen key or session ends, the socket stays open',
    must: 'found within 60 s, opened anew, what was missed asked for; two notices are one recovery',
    proofs: [
      engine(SHOWN_IN.running, 'F15: the session of the account stream ends'),
      server(SHOWN_IN.accounts, 'F15: a private session that the venue ends is noticed within a minute'),
    ],
  },
  {
    id: 'F16',
    given: 'a data socket is mute',
    must: 'found by its channels; reconnected without a storm',
    proofs: [
      engine(SHOWN_IN.running, 'F16: market data is mute'),
      server(SHOWN_IN.feeds, 'F16: a socket that is mute is found by its channels'),
    ],
  },
  {
    id: 'F17',
    given: 'one symbol stalls while others flow',
    must: 'that one alone is subscribed again; no entry at its old price',
    proofs: [
      engine(SHOWN_IN.running, 'F17: the stream of one symbol stalls'),
      server(SHOWN_IN.feeds, 'F17: one symbol’s stream stalls while others flow'),
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
      engine(SHOWN_IN.running, 'F19: a change of the book is left out'),
      server(SHOWN_IN.feeds, 'F19: a book whose sequence breaks is not quoted'),
      WORLD,
    ],
  },
  {
    id: 'F20',
    given: 'ten times the usual rate',
    must: 'no event lost between two reads',
    proofs: [
      engine(SHOWN_IN.measured, 'F20: ten times the usual rate'),
      server(SHOWN_IN.feeds, 'F20: with a consumer that is busy at ten times the rate'),
    ],
    measured: '694 frames a second of two symbols: all received, none shed, no gap',
  },
  {
    id: 'F21',
    given: 'the book freezes',
    must: 'no entry at a stale price; cancels pass',
    proofs: [
      engine(SHOWN_IN.running, 'F21: all prices freeze'),
      server('test/faults/stale-prices.test.ts', 'F21: a venue that repeats the state of 45 minutes ago'),
      WORLD,
    ],
  },
  {
    id: 'F22',
    given: 'a day with reconnections',
    must: 'memory flat below a stated bound',
    proofs: [soak('test/unit/soak.test.ts', 'R13, T5: a real engine under a paced flood')],
    measured: '`npm run soak` runs for as long as it is told, against the same bounds (`running.md`)',
  },
  {
    id: 'F23',
    given: 'partly filled, the rest cancelled',
    must: 'no more than the rest again, from fills',
    proofs: [engine(SHOWN_IN.running, 'F23: a partly filled order loses its rest')],
  },
  {
    id: 'F24',
    given: 'a stop is left after the position is closed',
    must: 'reduce-only, audited against the position each cycle',
    proofs: [
      engine(SHOWN_IN.running, 'F24: the position is closed by hand'),
      server(
        'test/unit/lane-stop-on-venue.test.ts',
        'it follows a position that others change, and at no moment does none rest',
      ),
      rule('test/property/lane.test.ts', 'where the venue knows no reduce-only, no two exits can fill'),
    ],
    measured: 'stop loss (H9), from the price’s breach to the wire: 0 to 470 ms, in the middle 36 ms, of 12',
  },
  {
    id: 'F25',
    given: 'the venue liquidates',
    must: 'closed here with the venue’s price and fee',
    proofs: [
      engine(SHOWN_IN.running, 'F25: the venue liquidates'),
      engine(SHOWN_IN.measured, 'F25: a liquidation is found'),
      WORLD,
    ],
    measured: 'liquidated, every other time untold: found after 1 ms to 4.3 s, in the middle 2 ms, of 5',
  },
  {
    id: 'F26',
    given: 'refused for the rate',
    must: 'nothing more until the wait is over; cancels have their reserve',
    proofs: [
      engine(SHOWN_IN.running, 'F26: requests are refused for their rate'),
      server(SHOWN_IN.accounts, 'F26: after a refusal for the rate nothing is asked'),
    ],
  },
  {
    id: 'F27',
    given: 'taking the time makes it drift',
    must: 'signed requests never ahead; alarm beyond 250 ms',
    proofs: [
      server(SHOWN_IN.accounts, 'F27: with clocks apart it signs by the venue’s time'),
      server(SHOWN_IN.feeds, 'F27: clocks more than 250 ms apart are told'),
      rule('test/unit/connection-venue-clock.test.ts', 'H11, F27: it is never ahead of the venue'),
    ],
  },
  {
    id: 'F28',
    given: 'a gap of a busy book',
    must: 'exactly one resubscription',
    proofs: [
      engine(SHOWN_IN.running, 'F28: a gap of a busy book'),
      server(SHOWN_IN.feeds, 'F28: a gap on a busy book'),
    ],
  },
  {
    id: 'F29',
    given: 'a rolling deployment runs two tasks',
    must: 'the old one places nothing once its lease is gone; it drains in 120 s',
    proofs: [
      WORLD,
      engine(SHOWN_IN.engines, 'R8, M2, G10, G11'),
      rule('test/unit/engine.test.ts', 'M2, F29: a holder whose lease is not renewed'),
    ],
  },
  {
    id: 'F30',
    given: 'a poison record; a record delivered twice',
    must: 'set aside, the shard goes on; applied once; no order from a repeated record',
    proofs: [
      mapping(SHOWN_IN.poller, 'T4: what can never succeed reaches the bucket with its payload'),
      mapping('test/property/event-source-poller.test.ts', 'splitting isolates a poison record'),
      mapping('test/unit/desired-state.test.ts', 'S21: any order and redelivery of commands'),
    ],
  },
];
