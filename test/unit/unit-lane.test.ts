import { describe, expect, it } from 'vitest';
import type { LaneConfiguration } from '#core/config/runtime-configuration.ts';
import type { UnitId } from '#core/control/unit.ts';
import type { Instrument } from '#core/market/instrument.ts';
import { createOrderIds } from '#core/orders/client-order-id.ts';
import { createUnitLane, createUnitLanes } from '#engine/unit-lane.ts';
import { BTC, laneConfiguration } from '../support/lane-world.ts';

const SPOT: Instrument = { ...BTC, kind: 'spot' };
const INSTRUMENTS = new Map(
  [
    SPOT,
    { ...SPOT, symbol: 'BTCUSDC', quoteCurrency: 'USDC' },
    { ...SPOT, symbol: 'ETHUSDT', baseCurrency: 'ETH' },
    { ...SPOT, symbol: 'ETHBTC', baseCurrency: 'ETH', quoteCurrency: 'BTC' },
  ].map((each) => [each.symbol, each]),
);
const nextId = createOrderIds('paper', 'paper/main/binance-usdm' as UnitId, 1);
const lane = (symbol: string): LaneConfiguration => laneConfiguration({ name: symbol.toLowerCase(), symbol });

describe('the lanes of a unit', () => {
  it('S18: a spot lane whose asset another lane moves as well is left out with its reason; the others trade', () => {
    const { lanes, refused } = createUnitLanes(
      ['BTCUSDT', 'BTCUSDC', 'ETHUSDT', 'ETHBTC'].map(lane),
      'binance-usdm',
      INSTRUMENTS,
      nextId,
    );
    expect(lanes.map((each) => each.symbol)).toEqual(['BTCUSDT', 'ETHUSDT']);
    expect([...refused.keys()]).toEqual(['btcusdc', 'ethbtc']);
    expect(refused.get('btcusdc')).toContain('HOLDING_SHARED');
  });

  it('R3: a lane that is added beside one whose holding it would share is refused', () => {
    const { lanes } = createUnitLanes([lane('BTCUSDT')], 'binance-usdm', INSTRUMENTS, nextId);
    const add = (symbol: string) => () => createUnitLane(lane(symbol), lanes, 'binance-usdm', INSTRUMENTS, nextId);
    expect(add('BTCUSDC')).toThrow('HOLDING_SHARED');
    expect(add('ETHUSDT')).not.toThrow();
    expect(add('XRPUSDT')).toThrow('INSTRUMENT_UNKNOWN');
  });
});
