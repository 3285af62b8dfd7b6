import { engine, type FaultRow, mapping, rule, SHOWN_IN, server, WORLD } from './fault-row.ts';

/** Rows G: what this system requires of itself. */
export const REQUIRED_FAULTS: readonly FaultRow[] = [
  {
    id: 'G1',
    given: 'a fill before the acknowledgement, and a tick between them',
    must: 'no second entry',
    proofs: [engine(SHOWN_IN.running, 'G1: a fill is told before its acknowledgement'), WORLD],
  },
  {
    id: 'G2',
    given: 'filled, and every answer is late',
    must: 'no second entry',
    proofs: [engine(SHOWN_IN.running, 'G2: a fill is told and every answer is late')],
  },
  {
    id: 'G3',
    given: 'accepted, then rejected by the matching engine',
    must: 'idle with the reason; nothing taken for filled',
    proofs: [engine(SHOWN_IN.running, 'G3: acknowledged, then refused by the matching engine'), WORLD],
  },
  {
    id: 'G4',
    given: 'half filled, the rest cancelled',
    must: 'half is held',
    proofs: [
      engine(SHOWN_IN.running, 'G4: half is filled and the rest cancelled'),
      rule(SHOWN_IN.confirmation, 'G4: half filled and cancelled'),
    ],
  },
  {
    id: 'G5',
    given: 'an unsubscription is refused or its answer lost, and old ticks go on',
    must: 'none reaches the strategy; fails safe, tried again',
    proofs: [
      engine(SHOWN_IN.symbolSwitch, 'G5: an unsubscription is refused'),
      engine(SHOWN_IN.symbolSwitch, 'G5: the answer to an unsubscription is lost'),
      rule('test/property/symbol-switch.test.ts', 'H4, G5, G6: whatever happens in whatever order'),
    ],
    measured: 'refused: it had traded twice again after 1.5 s; lost without an answer: after 11.2 s',
  },
  {
    id: 'G6',
    given: 'symbols are proposed faster than they can be changed',
    must: 'the latest wins, nothing blocks',
    proofs: [
      engine(SHOWN_IN.symbolSwitch, 'G6: symbols are proposed faster than they can be changed'),
      rule('test/property/symbol-switch.test.ts', 'G6: proposals faster than they can be carried out'),
    ],
    measured: '30 proposals, 22 changes, none queued',
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
      engine(SHOWN_IN.running, 'G8: maintenance: no storm'),
      server(SHOWN_IN.feeds, 'G8: 30 minutes of maintenance'),
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
      engine(SHOWN_IN.restarts, 'G10: killed between the intent and the request'),
      engine(SHOWN_IN.restarts, 'G10: killed between the request and its acknowledgement'),
      engine(SHOWN_IN.restarts, 'G10: killed between the acknowledgement and the fill'),
      WORLD,
    ],
  },
  {
    id: 'G11',
    given: 'SIGSTOP, a successor, and the old one goes on',
    must: 'it places nothing',
    proofs: [
      engine(SHOWN_IN.restarts, 'G11: stopped, and going on when its successor trades'),
      engine(SHOWN_IN.engines, 'R8, M2, G10, G11'),
      WORLD,
    ],
  },
  {
    id: 'G12',
    given: 'the wall clock steps; the venue’s clock is off by 3 s',
    must: 'no false staleness; signatures right',
    proofs: [
      engine(SHOWN_IN.running, 'G12: the clock of the venue falls 3 s behind'),
      server(SHOWN_IN.feeds, 'G12: a wall clock that steps an hour'),
      server(SHOWN_IN.accounts, 'G12: a wall clock that steps an hour'),
      rule('test/property/leases.test.ts', 'M2, G12: no two holders ever hold one lease at the same true time'),
      WORLD,
    ],
  },
  {
    id: 'G13',
    given: 'closed by hand; liquidated',
    must: 'found within 5 s; the lane right; people told',
    proofs: [
      engine(SHOWN_IN.running, 'G13: a position is closed by hand'),
      engine(SHOWN_IN.measured, 'G13: a position that is closed by hand'),
      WORLD,
    ],
    measured:
      'closed by hand and told: 2 to 5 ms, in the middle 4 ms, of 5; not told: 0.9 to 1.7 s, in the middle 1.6 s, of 5',
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
