import { describe, expect, it } from 'vitest';
import type { LedgerReader } from '#aws/ledger-reader.ts';
import type { LedgerIntent } from '#core/ledger/ledger-entry.ts';
import type { VenueQueries } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { askVenue } from '#functions/confirm-step/ask-venue.ts';
import { buildRecord } from '../support/confirmation-builder.ts';
import { scriptedQueries } from '../support/scripted-queries.ts';
import { intendedBody } from '../support/trading-event-builder.ts';

const record = buildRecord();
const { clientOrderId, symbol, venue } = record.order;

/** A venue that knows nothing of the order and holds so much of the asset; a ledger with the intent as told. */
function ask(
  held: string,
  reservedSize: string | undefined,
  change: Partial<LedgerIntent> = {},
  open?: () => Promise<VenueQueries>,
) {
  const queries: VenueQueries = {
    ...scriptedQueries(record.order, () => null),
    positions: async () => [
      { kind: 'position', source: 'query', symbol, size: held, entryPrice: '0', venueTime: 1 as EpochMs },
    ],
  };
  const intent: LedgerIntent = {
    ...intendedBody(clientOrderId),
    ...change,
    ...(reservedSize === undefined ? {} : { reservedSize }),
    venue,
    epoch: 1,
    time: 1,
  };
  const unasked = () => Promise.reject(new Error('not asked'));
  const ledger: LedgerReader = {
    readOrder: async () => ({ clientOrderId, intent, state: null }),
    readPositions: async () => [],
    readOrders: unasked,
    readFills: unasked,
    readAdjustments: unasked,
    readCash: unasked,
    readBalances: unasked,
    readLanes: unasked,
  };
  return askVenue(open ?? (async () => queries), ledger, record, 5);
}

describe('the confirmation of a spot order', () => {
  it('S18: counts as the position what the account holds beyond what is reserved, as the lane does', async () => {
    expect(await ask('0.7512', '0.75')).toMatchObject({ kind: 'answered', position: '0.0012' });
    expect(await ask('0.6', '0.75')).toMatchObject({ kind: 'answered', position: '0' });
    expect(await ask('-0.065', undefined)).toMatchObject({ kind: 'answered', position: '-0.065' });
  });

  it('F24, H4: knows by the intent that it can only close, where spot venues know no such orders, and while the venue cannot be asked', async () => {
    expect(await ask('0.7', undefined)).toMatchObject({ onlyCloses: false });
    expect(await ask('0.7', undefined, { reduceOnly: true })).toMatchObject({ onlyCloses: true });
    const mute = () => Promise.reject(new Error('HTTP 503'));
    expect(await ask('0.7', undefined, { reduceOnly: true }, mute)).toMatchObject({ kind: 'failed', onlyCloses: true });
  });
});
