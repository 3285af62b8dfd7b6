import { auditOrder } from '#core/audit/audit-order.ts';
import type { LedgerOrderState } from '#core/ledger/ledger-entry.ts';
import type { Evidence } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createDice, type Dice } from '#simulation/world/dice.ts';
import { mayProve, saysNothing } from './told-evidence.ts';

const ORDERS = 12;
const BEGAN = 1_748_736_000_000;
const ENDS = ['Filled', 'Canceled', 'Rejected', 'Expired', 'Denied'] as const;

/**
 * A ledger that holds anything: orders with any end and any evidence for it, whole or lacking what it is to name. The audit that people run must say of each whether it is proven, as what the evidence is
 * makes it. Null: it does; else the first of which it does not.
 */
export function runLedgerScene(seed: number): string | null {
  const dice = createDice(seed ^ 0x1ed6e4);
  for (let count = 1; count <= ORDERS; count += 1) {
    const end = dice.pick(ENDS);
    const evidence = Array.from({ length: dice.whole(0, 2) }, () => anyEvidence(dice));
    const { faults } = auditOrder(
      {
        order: { clientOrderId: `foreign-${count}`, intent: null, state: stateOf(end, evidence) },
        fills: [],
        confirmation: undefined,
      },
      BEGAN + 3_600_000,
    );
    const unproven = faults.some((fault) => fault.startsWith('nothing proves'));
    const proven = evidence.some((each) => mayProve(each.kind, end) && !saysNothing(each));
    if (unproven === proven)
      return `${end} by ${JSON.stringify(evidence)} is ${proven ? 'proven' : 'not proven'}, the audit: ${faults.join(', ')}`;
  }
  return null;
}

function anyEvidence(dice: Dice): Evidence {
  const said = dice.chance(0.8) ? 'said' : '';
  const at = BEGAN as EpochMs;
  switch (dice.pick(['accountStream', 'query', 'fills', 'answer', 'agreedAbsence', 'notSent', 'person'] as const)) {
    case 'accountStream':
      return { kind: 'accountStream', venueOrderId: said, venueTime: at };
    case 'query':
      return { kind: 'query', venueOrderId: said, venueTime: at };
    case 'fills':
      return { kind: 'fills', fillIds: said === '' ? [] : [said] };
    case 'answer':
      return { kind: 'answer', code: said, text: said };
    case 'agreedAbsence':
      return {
        kind: 'agreedAbsence',
        queriedAt: at,
        windowFrom: (said === '' ? at + 1 : at) as EpochMs,
        position: '0',
      };
    case 'notSent':
      return { kind: 'notSent', reason: said };
    case 'person':
      return { kind: 'person', who: said, note: 'seen' };
  }
}

function stateOf(state: LedgerOrderState['state'], evidence: readonly Evidence[]): LedgerOrderState {
  return {
    clientOrderId: 'foreign',
    lane: 'lane-1',
    symbol: 'BTCUSDT',
    state,
    terminal: true,
    venueOrderId: null,
    cumulativeSize: '0',
    size: '0',
    reason: '',
    evidence: evidence.map((each) => (each.kind === 'fills' ? { ...each, fillIds: [...each.fillIds] } : each)),
    venue: 'bybit-linear',
    epoch: 1,
    time: BEGAN,
  };
}
