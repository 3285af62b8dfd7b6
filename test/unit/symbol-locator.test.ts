import { describe, expect, it } from 'vitest';
import { unitId } from '#core/control/unit.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { orderIdPrefix } from '#core/orders/client-order-id.ts';
import type { OrderReport, PositionReport } from '#core/orders/order.ts';
import type { LedgerView } from '#core/orders/recovery.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { locateSymbol } from '#engine/symbol-locator.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { laneConfiguration } from '../support/lane-world.ts';

interface Finding {
  /** Held at the venue, and by the ledger at 100. */
  readonly venue?: string;
  readonly ledger?: string;
  readonly open?: boolean;
  readonly pending?: boolean;
}

/** Where a lane begins whose candidates are the venue's first two instruments. */
async function located(venue: VenueId, findings: readonly Finding[], last: number | null, fails = false) {
  const unit = { mode: 'paper', account: 'main', venue } as const;
  const instruments = builtInInstruments(venue).slice(0, 2);
  const symbols = instruments.map(({ symbol }) => symbol);
  const of = (symbol: string): Finding => findings[symbols.indexOf(symbol)] ?? {};
  const lane = laneConfiguration({ venue, symbol: symbols[0] ?? '' });
  const second = { strategy: lane.strategy, limits: lane.limits, reservedSize: '0' };
  const { symbol, busy } = await locateSymbol({ ...lane, perSymbol: { [symbols[1] ?? '']: second } }, symbols, {
    unit,
    instruments: new Map(instruments.map((each) => [each.symbol, each])),
    readLaneMemory: async () => ({ symbol: last === null ? null : (symbols[last] ?? 'GONE'), heights: null }),
    readLedger: async (_unit, each): Promise<LedgerView> => {
      if (fails) throw new Error('the ledger cannot be read');
      const { ledger = '0', pending = false } = of(each);
      return {
        positionSize: ledger,
        entryPrice: '100',
        fillIds: new Set(),
        endedOrderIds: new Set(),
        pendingOrders: pending ? ([{ clientOrderId: 'x' }] as unknown as LedgerView['pendingOrders']) : [],
        realizedToday: 0,
        lastKnownAt: null,
        hasHistory: false,
      };
    },
    queries: {
      positions: async (asked) =>
        asked.flatMap((each): PositionReport[] => {
          const { venue: size } = of(each);
          if (size === undefined) return [];
          return [
            { kind: 'position', source: 'query', symbol: each, size, entryPrice: '100', venueTime: 0 as EpochMs },
          ];
        }),
      openOrders: async (each) =>
        of(each).open === true
          ? [{ clientOrderId: `${orderIdPrefix('paper', unitId(unit))}1-1` } as unknown as OrderReport]
          : [{ clientOrderId: 'somebody-else' } as unknown as OrderReport],
    },
  });
  return [symbols.indexOf(symbol), busy.map((each) => symbols.indexOf(each))];
}

describe('where a lane begins whose symbol a scanner picks', () => {
  it.each<[string, VenueId, readonly Finding[], number | null, number, readonly number[]]>([
    ['nothing anywhere: its first symbol', 'bybit-linear', [], null, 0, []],
    ['nothing anywhere: where it was last', 'bybit-linear', [], 1, 1, []],
    ['where it was last is no candidate any more', 'bybit-linear', [], 7, 0, []],
    ['a position, wherever it was last', 'bybit-linear', [{}, { venue: '0.5' }], 0, 1, [1]],
    ['a short position', 'bybit-linear', [{}, { venue: '-0.5' }], 0, 1, [1]],
    ['a position before orders', 'bybit-linear', [{ open: true }, { venue: '1' }], 0, 1, [0, 1]],
    ['an order of the unit; those of others do not count', 'bybit-linear', [{}, { open: true }], 0, 1, [1]],
    ['an order whose end the ledger waits for', 'bybit-linear', [{}, { pending: true }], null, 1, [1]],
    ['two positions: where it was last', 'bybit-linear', [{ venue: '1' }, { venue: '1' }], 1, 1, [0, 1]],
    ['two positions, and it was nowhere: the first', 'bybit-linear', [{ venue: '1' }, { venue: '1' }], null, 0, [0, 1]],
    ['the ledger holds what the venue does not state', 'bybit-linear', [{}, { ledger: '1' }], 0, 1, [1]],
    ["a spot balance that the ledger has not bought is anybody's", 'bybit-spot', [{}, { venue: '3' }], 0, 0, []],
    ['a spot holding that the ledger has bought', 'bybit-spot', [{}, { venue: '3', ledger: '3' }], 0, 1, [1]],
    ['dust of a spot holding is nothing to begin with', 'bybit-spot', [{}, { ledger: '0.000001' }], 0, 0, []],
  ])('H2, H4: %s', async (_what, venue, findings, last, symbol, busy) => {
    expect(await located(venue, findings, last)).toEqual([symbol, busy]);
  });

  it('S4: nowhere while the ledger cannot be read', async () => {
    await expect(located('bybit-linear', [], null, true)).rejects.toThrow('cannot be read');
  });
});
