import { z } from 'zod';
import { unitId } from '../control/unit.ts';
import { VENUES } from '../market/instrument.ts';
import type { Channel } from '../market/market-message.ts';
import type { FeedConfiguration, LaneConfiguration, RuntimeConfiguration } from './runtime-configuration.ts';

/** What a scanner hears of its candidates: both mean the same on every venue, which tickers do not. */
export const SCANNED_CHANNELS: readonly Channel[] = ['quotes', 'trades'];

const weight = z.number().min(0).max(1_000);

/** What picks symbols for lanes: the candidates of one venue, how they are judged, and when a lane is to change. */
export const SCANNER = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,30}$/, 'lower-case letters, digits and dashes, at most 31'),
  venue: z.enum(VENUES),
  /** Each in the same feed. At most 32: each is asked about when a unit starts. */
  candidates: z
    .array(z.string().regex(/^[A-Z0-9._-]{1,40}$/))
    .min(2)
    .max(32),
  /** Time from one sample to the next. */
  sampleMs: z.number().int().min(50).max(60_000).default(1_000),
  /** Samples that the averages go over: a new one weighs 2 / (span + 1). */
  span: z.number().int().min(2).max(10_000).default(120),
  /** Samples that a candidate must have before it ranks. */
  warmUp: z.number().int().min(2).max(10_000).default(60),
  /** A quote that is older says nothing: its candidate does not rank. */
  maxAgeMs: z.number().int().min(100).max(600_000).default(10_000),
  /** How much each figure counts, as a part of the best among those that rank. A smaller spread is better. */
  weights: z
    .strictObject({ volatility: weight, volume: weight, spread: weight })
    .refine(({ volatility, volume, spread }) => volatility + volume + spread > 0, 'one of them must be above zero'),
  /** Who falls below does not rank. */
  floors: z
    .strictObject({
      minVolatilityBps: z.number().min(0).default(0),
      /** In the quote currency. */
      minVolumePerMinute: z.number().min(0).default(0),
      maxSpreadBps: z.number().positive().default(50),
    })
    .default({ minVolatilityBps: 0, minVolumePerMinute: 0, maxSpreadBps: 50 }),
  /** By how much of the lane's own score another must be better: 0.2 is a fifth. */
  margin: z.number().min(0).max(100).default(0.2),
  /** For how long it must be. */
  holdMs: z.number().int().min(0).max(86_400_000).default(30_000),
  /** How long a lane stays at least. */
  minStayMs: z.number().int().min(0).max(86_400_000).default(300_000),
});
export type ScannerConfiguration = z.infer<typeof SCANNER>;

/** A lane whose symbol a scanner picks, with the scanner. */
export interface ScannedLane {
  readonly lane: LaneConfiguration;
  readonly scanner: ScannerConfiguration;
}

/** The scanner that picks a lane's symbol; null: its symbol is fixed. */
export function scannerOf(
  { scanners }: Pick<RuntimeConfiguration, 'scanners'>,
  lane: LaneConfiguration,
): ScannerConfiguration | null {
  return scanners?.find((each) => each.name === lane.symbolFrom) ?? null;
}

/** Every symbol that a lane may trade: its own, or all candidates of its scanner. */
export function symbolsOf(
  configuration: Pick<RuntimeConfiguration, 'scanners'>,
  lane: LaneConfiguration,
): readonly string[] {
  return scannerOf(configuration, lane)?.candidates ?? [lane.symbol];
}

/** A scanned lane as it trades one of its candidates; null: nobody said how. */
export function laneOn(lane: LaneConfiguration, symbol: string): LaneConfiguration | null {
  const { perSymbol, ...rest } = lane;
  if (symbol === lane.symbol) return rest;
  const own = perSymbol?.[symbol];
  return own === undefined ? null : { ...rest, ...own, symbol };
}

/** Lanes as budgets, reconciliation and the dead-man switch see them: one for each symbol that may be traded. */
export function lanesBySymbol(
  configuration: Pick<RuntimeConfiguration, 'lanes' | 'scanners'>,
): readonly LaneConfiguration[] {
  return configuration.lanes.flatMap((lane) =>
    symbolsOf(configuration, lane).flatMap((symbol) => laneOn(lane, symbol) ?? []),
  );
}

/** Symbols of a feed of which only what scanners hear is carried until a lane trades them. */
export function watchedSymbols(
  { lanes, scanners }: Pick<RuntimeConfiguration, 'lanes' | 'scanners'>,
  feed: Pick<FeedConfiguration, 'venue' | 'symbols'>,
): ReadonlySet<string> {
  const fixed = new Set(
    lanes.filter((lane) => lane.symbolFrom === undefined && lane.venue === feed.venue).map((lane) => lane.symbol),
  );
  const candidates = (scanners ?? []).filter((each) => each.venue === feed.venue).flatMap((each) => each.candidates);
  return new Set(candidates.filter((symbol) => feed.symbols.includes(symbol) && !fixed.has(symbol)));
}

/** Scanners whose candidates a feed carries. */
export function scannersOf(
  { scanners }: Pick<RuntimeConfiguration, 'scanners'>,
  feed: Pick<FeedConfiguration, 'venue' | 'symbols'>,
): readonly ScannerConfiguration[] {
  return (scanners ?? []).filter(
    ({ venue, candidates }) => venue === feed.venue && candidates.every((symbol) => feed.symbols.includes(symbol)),
  );
}

type Fault = { readonly path: readonly PropertyKey[]; readonly message: string };

/** What is wrong with scanners and the lanes that follow them, beside the rest of their document. */
export function scannerFaults(value: Pick<RuntimeConfiguration, 'lanes' | 'feeds' | 'scanners'>): readonly Fault[] {
  return [
    ...(value.scanners ?? []).flatMap((scanner, index) =>
      faultsOfScanner(value, scanner).map(({ path, message }) => ({ path: ['scanners', index, ...path], message })),
    ),
    ...value.lanes.flatMap((lane, index) =>
      faultsOfLane(value, lane).map(({ path, message }) => ({ path: ['lanes', index, ...path], message })),
    ),
    ...sharedSymbols(value),
  ];
}

function faultsOfScanner(
  { scanners, feeds }: Pick<RuntimeConfiguration, 'feeds' | 'scanners'>,
  scanner: ScannerConfiguration,
): readonly Fault[] {
  const { name, venue, candidates, span, warmUp } = scanner;
  const faults: Fault[] = [];
  if ((scanners ?? []).filter((each) => each.name === name).length > 1)
    faults.push({ path: ['name'], message: `scanner ${name} is declared more than once` });
  if (new Set(candidates).size < candidates.length)
    faults.push({ path: ['candidates'], message: 'a symbol is named twice' });
  if (warmUp > 4 * span) faults.push({ path: ['warmUp'], message: 'must not be above four times the span' });
  const feed = feeds.find((each) => each.venue === venue && candidates.every((one) => each.symbols.includes(one)));
  if (feed === undefined) faults.push({ path: ['candidates'], message: `no one feed of ${venue} carries all of them` });
  for (const channel of SCANNED_CHANNELS) {
    if (feed !== undefined && !feed.channels.includes(channel))
      faults.push({ path: ['candidates'], message: `their feed does not carry ${channel}` });
  }
  return faults;
}

function faultsOfLane(value: Pick<RuntimeConfiguration, 'scanners'>, lane: LaneConfiguration): readonly Fault[] {
  const { symbolFrom, perSymbol, venue, symbol } = lane;
  if (symbolFrom === undefined)
    return perSymbol === undefined ? [] : [{ path: ['perSymbol'], message: 'only a lane with symbolFrom has it' }];
  const scanner = scannerOf(value, lane);
  if (scanner === null) return [{ path: ['symbolFrom'], message: `no scanner ${symbolFrom}` }];
  if (scanner.venue !== venue)
    return [{ path: ['symbolFrom'], message: `scanner ${symbolFrom} is of ${scanner.venue}, the lane of ${venue}` }];
  const faults: Fault[] = [];
  if (!scanner.candidates.includes(symbol))
    faults.push({ path: ['symbol'], message: `the first symbol is no candidate of ${symbolFrom}` });
  for (const candidate of scanner.candidates) {
    const own = laneOn(lane, candidate);
    if (own === null)
      faults.push({
        path: ['perSymbol'],
        message: `says nothing of ${candidate}: sizes and ticks are each symbol's own`,
      });
    else if (candidate !== symbol && own.strategy.takeTicks < own.strategy.entryTicks)
      faults.push({ path: ['perSymbol', candidate, 'strategy', 'takeTicks'], message: 'must not be below entryTicks' });
  }
  for (const other of Object.keys(perSymbol ?? {})) {
    if (other === symbol) faults.push({ path: ['perSymbol', other], message: 'the lane itself says how it is traded' });
    else if (!scanner.candidates.includes(other))
      faults.push({ path: ['perSymbol', other], message: `is no candidate of ${symbolFrom}` });
  }
  return faults;
}

/** Two lanes of a unit never trade one symbol, whatever scanners propose. Lanes with fixed symbols are compared by the document itself. */
function sharedSymbols(value: Pick<RuntimeConfiguration, 'lanes' | 'scanners'>): readonly Fault[] {
  const faults: Fault[] = [];
  for (const [index, lane] of value.lanes.entries()) {
    const symbols = symbolsOf(value, lane);
    for (const other of value.lanes.slice(0, index)) {
      if (unitId(other) !== unitId(lane) || (lane.symbolFrom === undefined && other.symbolFrom === undefined)) continue;
      const shared = symbolsOf(value, other).find((symbol) => symbols.includes(symbol));
      if (shared === undefined) continue;
      const message = `lane ${other.name} of the same unit trades ${shared}, or may: at most one lane per unit and symbol`;
      faults.push({ path: ['lanes', index, lane.symbolFrom === undefined ? 'symbol' : 'symbolFrom'], message });
    }
  }
  return faults;
}
