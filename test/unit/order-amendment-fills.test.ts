import { expect, it } from 'vitest';
import type { Instrument } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import type { ClientOrderId, FillReport } from '#core/orders/order.ts';
import { TrackedOrder } from '#core/orders/tracked-order.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';

const INSTRUMENT = builtInInstruments('bybit-linear')[1] as Instrument;
const NOW = 1e9 as MonoNanos;

it('F14: what fills beyond the size that an order had proves the amendment that nobody has answered yet', () => {
  const order = new TrackedOrder({
    clientOrderId: 'p0000001-a-1' as ClientOrderId,
    venue: 'bybit-linear',
    symbol: INSTRUMENT.symbol,
    side: 'sell',
    type: 'limit',
    timeInForce: 'gtc',
    price: 264_903 as Price,
    size: 321 as Size,
    reduceOnly: true,
    purpose: 'takeProfit',
  });
  order.step('submit', NOW, []);
  order.step('placeAccepted', NOW, []);
  order.step('replaceSent', NOW, []);
  order.amendment = {
    price: 264_900 as Price,
    size: 3_169 as Size,
    sentAt: NOW,
    knownAt: 0 as EpochMs,
    applied: false,
    answered: false,
  };
  const fill: FillReport = {
    kind: 'fill',
    source: 'accountStream',
    symbol: INSTRUMENT.symbol,
    fillId: '1',
    clientOrderId: order.intent.clientOrderId,
    venueOrderId: '63',
    side: 'sell',
    price: '2649.00',
    size: '31.69',
    fee: '0',
    feeCurrency: 'USDT',
    liquidity: 'maker',
    cause: 'trade',
    venueTime: 1 as EpochMs,
  };

  expect(order.fill(fill, INSTRUMENT, NOW)).toMatchObject({ from: 'PendingReplace', to: 'Filled' });

  expect(order).toMatchObject({ size: 3_169, price: 264_900, filledSize: 3_169, amendment: { applied: true } });
});
