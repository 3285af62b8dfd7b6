import { expect, it } from 'vitest';
import { createLedger } from '#aws/ledger.ts';
import { createLedgerReader } from '#aws/ledger-reader.ts';
import type { TradingEventBody } from '#core/events/trading-event.ts';
import { createLaneMemoryView } from '#engine/lane-memory-view.ts';
import { createFakeDynamoDb } from '../support/fake-dynamodb.ts';
import { buildEvent } from '../support/trading-event-builder.ts';

const UNIT = { mode: 'paper', account: 'main', venue: 'bybit-linear' } as const;

function step(change: Partial<TradingEventBody<'lane.symbol'>>, sequence: number, epoch = 7) {
  const body: TradingEventBody<'lane.symbol'> = {
    lane: 'follower',
    symbol: 'BTCUSDT',
    target: 'BTCUSDT',
    from: 'Recovering',
    to: 'Trading',
    generation: 1,
    reason: 'test',
    ...change,
  };
  return buildEvent('lane.symbol', body, { sequence, epoch, venue: 'bybit-linear' });
}

it('H4, T4: the ledger keeps where a lane stood last, whatever arrives late; in the middle of a change that is where it was going', async () => {
  const fake = createFakeDynamoDb();
  const ledger = createLedger(fake.client, 'ledger');
  const memoryOf = createLaneMemoryView(createLedgerReader(fake.client, 'ledger'));
  const symbolOf = async (...asked: Parameters<typeof memoryOf>) => (await memoryOf(...asked)).symbol;
  expect(await symbolOf(UNIT, 'follower')).toBeNull();

  await ledger.apply(step({}, 5));
  expect(await symbolOf(UNIT, 'follower')).toBe('BTCUSDT');
  await ledger.apply(step({ from: 'Closing', to: 'Unsubscribing', symbol: null, target: 'ETHUSDT' }, 7));
  expect(await ledger.apply(step({ from: 'Trading', to: 'Closing', target: 'ETHUSDT' }, 6))).toBe('superseded');
  expect(await symbolOf(UNIT, 'follower')).toBe('ETHUSDT');

  // A successor's word counts before anything that its predecessor still tells.
  await ledger.apply(step({ symbol: 'BTCUSDT' }, 1, 8));
  await ledger.apply(step({ symbol: 'ETHUSDT' }, 99, 7));
  expect(await symbolOf(UNIT, 'follower')).toBe('BTCUSDT');
  expect(await symbolOf(UNIT, 'other')).toBeNull();
  expect(await symbolOf({ ...UNIT, venue: 'bybit-spot' }, 'follower')).toBeNull();
});

it('H12: and how high the day of its symbols came, in each currency, as it was told last', async () => {
  const fake = createFakeDynamoDb();
  const ledger = createLedger(fake.client, 'ledger');
  const memoryOf = createLaneMemoryView(createLedgerReader(fake.client, 'ledger'));
  const tell = (heights: Record<string, string>, sequence: number) =>
    ledger.apply(
      buildEvent('lane.heights', { lane: 'follower', day: 19_675, heights }, { sequence, venue: 'bybit-linear' }),
    );
  await tell({ USDT: '12.5', BTC: '0.001' }, 9);
  await tell({ USDT: '10' }, 8);
  expect((await memoryOf(UNIT, 'follower')).heights).toEqual({
    day: 19_675,
    of: new Map([
      ['USDT', 12.5],
      ['BTC', 0.001],
    ]),
  });
  expect((await memoryOf(UNIT, 'other')).heights).toBeNull();
  expect((await memoryOf({ ...UNIT, venue: 'bybit-spot' }, 'follower')).heights).toBeNull();
});
