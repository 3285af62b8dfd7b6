import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitId } from '#core/control/unit.ts';
import { Lane } from '#core/lanes/lane.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { OrderBook } from '#core/market/order-book.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { createOrderIds } from '#core/orders/client-order-id.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';

const INSTRUMENT: Instrument = {
  venue: 'binance-usdm',
  symbol: 'BTCUSDT',
  kind: 'linear',
  baseCurrency: 'BTC',
  quoteCurrency: 'USDT',
  settlementCurrency: 'USDT',
  priceScale: 1,
  sizeScale: 3,
  tickSize: 1 as Price,
  lotSize: 1 as Size,
  minSize: 1 as Size,
  maxSize: 1_000_000 as Size,
  minNotional: 5,
  multiplier: 1,
  tradable: true,
};

const LANE: LaneConfiguration = {
  name: 'bench',
  account: 'main',
  mode: 'paper',
  venue: 'binance-usdm',
  symbol: 'BTCUSDT',
  strategy: {
    kind: 'momentum-scalper',
    window: 64,
    entryTicks: 5,
    takeTicks: 20,
    takeProfitTicks: 5,
    stopLossTicks: 20,
    restMs: 1_000,
    holdMs: 10_000,
    cooldownMs: 0,
    baseSize: '0.01',
    maxSizeFactor: 4,
  },
  limits: {
    maxOrderSize: '1',
    maxPositionSize: '1',
    priceBandBps: 100,
    maxSpreadBps: 10,
    maxDataAgeMs: 100,
    maxDailyLoss: 1e9,
    maxOpenOrders: 1_000,
    maxOrderRate: 1e9,
  },
  reservedSize: '0',
  confirm: 'every',
};

/** Nanoseconds of each of many decisions: book in hand → strategy → risk → intent and its effects; the refused and the quiet ones included. */
export function measureDecisions(count: number): Float64Array {
  const lane = new Lane(LANE, INSTRUMENT, createOrderIds('paper', 'paper/main/binance-usdm' as UnitId, 1));
  const book = new OrderBook('BTCUSDT');
  book.valid = true;
  lane.open(
    { positionSize: 0, entryPrice: 0 as Price, countedFillIds: [], dailyProfit: 0 },
    { mono: 0 as MonoNanos, epoch: 0 as EpochMs },
  );
  lane.onGate(null, null);
  const samples = new Float64Array(count);
  let middle = 600_000;
  let seed = 7;
  for (let index = 0; index < count; index += 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    book.set('buy', (middle - 1) as Price, 0 as Size);
    book.set('sell', (middle + 1) as Price, 0 as Size);
    middle += (seed >>> 16) % 3 === 0 ? 0 : (seed >>> 20) % 2 === 0 ? 1 : -1;
    book.set('buy', (middle - 1) as Price, 500 as Size);
    book.set('sell', (middle + 1) as Price, 500 as Size);
    const now = { mono: (index * 1e6) as MonoNanos, epoch: index as EpochMs };
    const began = process.hrtime.bigint();
    lane.onBook(book, now.mono, now.epoch, now);
    samples[index] = Number(process.hrtime.bigint() - began);
    // Every order is answered as rejected, so that the lane decides again.
    for (const effect of lane.effects) {
      if (effect.kind !== 'place') continue;
      const { clientOrderId } = effect.intent;
      lane.onAnswer(clientOrderId, 'place', { kind: 'notSent', reason: 'notReady', text: '' }, now);
      break;
    }
    lane.effects.length = 0;
  }
  return samples;
}
