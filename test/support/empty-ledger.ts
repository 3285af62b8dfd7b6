import type { LedgerView } from '#core/orders/recovery.ts';

/** A ledger that has never heard of the symbol. */
export const EMPTY_LEDGER: LedgerView = {
  positionSize: '0',
  fillIds: new Set(),
  endedOrderIds: new Set(),
  pendingOrders: [],
  realizedToday: 0,
  lastKnownAt: null,
  hasHistory: false,
};
