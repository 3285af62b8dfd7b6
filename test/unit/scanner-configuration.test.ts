import { describe, expect, it } from 'vitest';
import { NO_POLICY } from '#core/config/policy.ts';
import { loadConfiguration, type RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { laneOn, lanesBySymbol, watchedSymbols } from '#core/config/scanner-configuration.ts';
import { allotmentOf } from '#core/risk/allotment.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { reconciledUnits } from '../../functions/reconcile/reconciled-units.ts';
import { channelsOf, runConfiguration, scannedConfiguration } from '../../local/start/run-configuration.ts';

const VENUE = 'bybit-linear';
const MARKET = {
  venue: VENUE,
  symbols: builtInInstruments(VENUE)
    .slice(0, 2)
    .map((instrument) => ({ instrument, price: startPriceOf(instrument) })),
  channels: channelsOf(VENUE),
} as const;
const [A = '', B = ''] = MARKET.symbols.map(({ instrument }) => instrument.symbol);
const following = (): RuntimeConfiguration => structuredClone(scannedConfiguration([MARKET]));

type Loose = { [key: string]: unknown } & {
  lanes: Record<string, unknown>[];
  scanners: Record<string, unknown>[];
  feeds: Record<string, unknown>[];
};

/** How the second candidate is traded. */
function settingsOfSecond(): unknown {
  return following().lanes[0]?.perSymbol?.[B];
}

function faultsOf(change: (document: Loose) => void): string {
  const document = following() as unknown as Loose;
  change(document);
  try {
    loadConfiguration(JSON.stringify(document), 'test');
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('scanners in the configuration', () => {
  it('H17: what a run has with --scanner is valid; the defaults are filled in, and a document without scanners has the hash that it had', () => {
    const { configuration } = loadConfiguration(JSON.stringify(following()), 'test');
    expect(configuration.lanes.map((lane) => [lane.symbol, lane.symbolFrom])).toEqual([[A, `${VENUE}-scanner`]]);
    const plain = loadConfiguration(JSON.stringify(runConfiguration([MARKET])), 'test');
    expect(Object.keys(plain.configuration)).not.toContain('scanners');
    expect(Object.keys(plain.configuration.lanes[0] ?? {})).not.toContain('perSymbol');
  });

  it.each<[string, string, (document: Loose) => void]>([
    [
      'an unknown scanner',
      'lanes.0.symbolFrom: no scanner elsewhere',
      ({ lanes }) => Object.assign(lanes[0] ?? {}, { symbolFrom: 'elsewhere' }),
    ],
    [
      'a first symbol that is no candidate',
      'the first symbol is no candidate',
      ({ lanes }) => Object.assign(lanes[0] ?? {}, { symbol: 'XRPUSDT' }),
    ],
    [
      'a candidate of which nothing is said',
      `says nothing of ${B}`,
      ({ lanes }) => Object.assign(lanes[0] ?? {}, { perSymbol: {} }),
    ],
    [
      'settings for what is no candidate',
      'is no candidate',
      ({ lanes }) => {
        const known = { [B]: settingsOfSecond() };
        Object.assign(lanes[0] ?? {}, { perSymbol: { ...known, XRPUSDT: known[B] } });
      },
    ],
    ['candidates in no feed', 'no one feed', ({ feeds }) => Object.assign(feeds[0] ?? {}, { symbols: [A] })],
    [
      'candidates in two feeds',
      'no one feed',
      (document) => {
        document.feeds = [
          { ...document.feeds[0], symbols: [A] },
          { ...document.feeds[0], name: 'second', symbols: [B] },
        ];
      },
    ],
    [
      'a feed without trades',
      'does not carry trades',
      ({ feeds }) => Object.assign(feeds[0] ?? {}, { channels: ['book', 'quotes'] }),
    ],
    [
      'weights that are all zero',
      'one of them must be above zero',
      ({ scanners }) => Object.assign(scanners[0] ?? {}, { weights: { volatility: 0, volume: 0, spread: 0 } }),
    ],
    [
      'a weight below zero',
      'weights.volume',
      ({ scanners }) => Object.assign(scanners[0] ?? {}, { weights: { volatility: 1, volume: -1, spread: 0 } }),
    ],
    ['one candidate', 'candidates', ({ scanners }) => Object.assign(scanners[0] ?? {}, { candidates: [A] })],
    [
      'a candidate named twice',
      'named twice',
      ({ scanners }) => Object.assign(scanners[0] ?? {}, { candidates: [A, B, A] }),
    ],
    ['two scanners of one name', 'more than once', (document) => document.scanners.push({ ...document.scanners[0] })],
    ['perSymbol without a scanner', 'only a lane with symbolFrom', ({ lanes }) => delete lanes[0]?.symbolFrom],
    [
      'a lane of the same unit on a candidate',
      'at most one lane per unit and symbol',
      ({ lanes }) => {
        const { symbolFrom: _from, perSymbol: _per, ...rest } = lanes[0] ?? {};
        lanes.push({ ...rest, name: 'other', symbol: B });
      },
    ],
    [
      'two lanes of a unit that follow scanners over one symbol',
      'at most one lane per unit and symbol',
      ({ lanes }) =>
        lanes.push({
          ...lanes[0],
          name: 'other',
          symbol: B,
          perSymbol: { [A]: settingsOfSecond() },
        }),
    ],
  ])('R3, H17: %s is refused, with the reason', (_what, reason, change) => {
    expect(faultsOf(change)).toContain(reason);
  });

  it('H17: each candidate is traded by its own sizes and ticks', () => {
    const [lane] = following().lanes;
    if (lane === undefined) throw new Error('no lane');
    const [, second] = runConfiguration([MARKET]).lanes;
    expect(laneOn(lane, A)).toMatchObject({ symbol: A, limits: lane.limits, strategy: lane.strategy });
    expect(laneOn(lane, B)).toMatchObject({
      symbol: B,
      limits: second?.limits,
      strategy: second?.strategy,
      name: lane.name,
    });
    expect(laneOn(lane, 'XRPUSDT')).toBeNull();
  });

  it('H17: who looks from outside sees every symbol that a lane may trade; a feed carries the candidates of nobody else in part', () => {
    const configuration = following();
    expect(lanesBySymbol(configuration).map((lane) => lane.symbol)).toEqual([A, B]);
    const [unit] = reconciledUnits(configuration, null);
    expect(unit?.symbols.map((each) => [each.symbol, each.lane])).toEqual([
      [A, `${VENUE}-follower`],
      [B, `${VENUE}-follower`],
    ]);
    const [feed] = configuration.feeds;
    if (feed === undefined) throw new Error('no feed');
    expect([...watchedSymbols(configuration, feed)]).toEqual([A, B]);
    const [first] = runConfiguration([MARKET]).lanes;
    if (first === undefined) throw new Error('no lane');
    const other = { ...first, name: 'other', account: 'second' };
    expect([...watchedSymbols({ ...configuration, lanes: [...configuration.lanes, other] }, feed)]).toEqual([B]);
  });

  it('S10: a budget over a symbol is divided over every lane that may trade it', () => {
    const configuration = following();
    const policy = {
      ...NO_POLICY,
      version: 1,
      budgets: [{ name: 'one', mode: 'paper' as const, symbols: [B], maxExposure: 1_000, shares: {} }],
    };
    const unit = { mode: 'paper', account: 'main', venue: VENUE } as const;
    expect(allotmentOf(policy, lanesBySymbol(configuration), unit).symbolExposure.get(B)).toBe(1_000);
    expect(allotmentOf(policy, configuration.lanes, unit).symbolExposure.get(B)).toBeUndefined();
  });
});
