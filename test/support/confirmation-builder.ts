import {
  CONFIRMATION_RECORD,
  type ConfirmationQuery,
  type ConfirmationRecord,
  type ConfirmationSettings,
} from '#core/confirmation/confirmation-record.ts';

export const INTENDED_AT = 1_700_000_000_000;

export const SETTINGS: ConfirmationSettings = {
  waitSeconds: [10, 30, 90, 270],
  deadlineSeconds: 900,
  verifySeconds: 120,
  graceSeconds: 15,
};

export function buildRecord(change: Partial<ConfirmationRecord> = {}): ConfirmationRecord {
  return {
    ...CONFIRMATION_RECORD.parse({
      order: {
        clientOrderId: 'p0000001-a-1',
        mode: 'paper',
        account: 'main',
        venue: 'binance-usdm',
        lane: 'scalper',
        symbol: 'BTCUSDT',
        intendedAt: INTENDED_AT,
        windowFrom: INTENDED_AT - 60_000,
      },
    }),
    ...change,
  };
}

type Answered = Extract<ConfirmationQuery, { kind: 'answered' }>;

/** A round in which nobody knows anything of the order. */
export function buildQuery(change: Partial<Answered> = {}, ledger: Partial<Answered['ledger']> = {}): Answered {
  return {
    kind: 'answered',
    round: 0,
    at: INTENDED_AT + 10_000,
    order: null,
    listedOpen: false,
    fills: [],
    position: '0',
    ...change,
    ledger: {
      state: 'Submitted',
      venueOrderId: null,
      size: '0.02',
      cumulativeSize: '0',
      evidence: [],
      position: '0',
      ...ledger,
    },
  };
}

export function foundOrder(
  status: NonNullable<Answered['order']>['status'],
  cumulativeSize: string,
): NonNullable<Answered['order']> {
  return { venueOrderId: '4711', status, size: '0.02', cumulativeSize, venueTime: INTENDED_AT + 500 };
}
