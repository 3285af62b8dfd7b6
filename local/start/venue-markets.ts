import { MillraceError } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket, startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { inspectRecording } from '#simulation/market-sources/instruments-of-recording.ts';
import type { MarketSource } from '#simulation/market-sources/market-source.ts';
import { createRecordedMarket } from '#simulation/market-sources/recorded-market.ts';
import type { RunArguments } from './arguments.ts';
import { isOpenToAll } from './live-keys.ts';
import { openLiveMarket } from './live-market.ts';
import { channelsOf, type TradedMarket } from './run-configuration.ts';

/** Where a simulated venue of a run has its market from. */
export interface VenueMarket extends TradedMarket {
  readonly description: string;
  readonly source: MarketSource;
  close(): Promise<void>;
}

const GENERATED_SYMBOLS = 2;
const nothingToClose = async () => undefined;

/**
 * The markets of a run: of each recording's venue its recording, of the others that were named generated flow; with `--live` all that give their market to those who come (Alpaca wants keys, by `APCA_API_KEY_ID` and `APCA_API_SECRET_KEY`).
 * Throws what reading a recording throws, `RECORDING_VENUE` when a recording is of a venue that was not named, and `SPEED_WITHOUT_END`
 * when generated flow is asked for at speed `max`: days of it would pass before an order's fate could be asked for.
 */
export async function openMarkets(args: RunArguments, signal?: AbortSignal): Promise<readonly VenueMarket[]> {
  const recordings = new Map<VenueId, string[]>();
  for (const file of args.replay) {
    const { venue } = inspectRecording([file]);
    if (args.venues !== null && !args.venues.includes(venue)) {
      throw new MillraceError(
        'configuration',
        'RECORDING_VENUE',
        `file=${file} is of ${venue}, and --venues does not name it`,
      );
    }
    recordings.set(venue, [...(recordings.get(venue) ?? []), file]);
  }
  if (args.live) {
    return openLiveMarkets(args.venues ?? VENUES.filter((venue) => isOpenToAll(venue, process.env)), signal);
  }
  const wanted = args.venues ?? (recordings.size > 0 ? [...recordings.keys()] : VENUES);
  const endless = wanted.filter((venue) => !recordings.has(venue));
  if (args.speed === 'max' && endless.length > 0) {
    throw new MillraceError(
      'configuration',
      'SPEED_WITHOUT_END',
      `--speed max is for recordings, and there is none of ${endless.join(', ')}; name the recorded venues alone with --venues, or take --speed 10`,
    );
  }
  return wanted.map((venue) => {
    const files = recordings.get(venue);
    return files === undefined ? generated(venue, args.seed) : recorded(venue, files);
  });
}

/** All or none: where one cannot be opened, the others are closed. */
async function openLiveMarkets(wanted: readonly VenueId[], signal?: AbortSignal): Promise<readonly VenueMarket[]> {
  const ends = await Promise.allSettled(wanted.map((venue) => openLiveMarket(venue, { signal })));
  const markets = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed === undefined) return markets;
  await Promise.all(markets.map((market) => market.close()));
  throw failed.reason;
}

function generated(venue: VenueId, seed: number): VenueMarket {
  const instruments = builtInInstruments(venue)
    .filter((instrument) => instrument.tradable)
    .slice(0, GENERATED_SYMBOLS);
  return {
    venue,
    description: `generated flow of ${instruments.map((each) => each.symbol).join(' and ')}, seed ${seed}`,
    symbols: instruments.map((instrument) => ({ instrument, price: startPriceOf(instrument) })),
    channels: channelsOf(venue),
    source: createGeneratedMarket(instruments, seed),
    close: nothingToClose,
  };
}

function recorded(venue: VenueId, files: readonly string[]): VenueMarket {
  const facts = inspectRecording(files);
  const symbols = facts.instruments.flatMap((instrument) => {
    const price = facts.firstPrices.get(instrument.symbol);
    return price === undefined ? [] : [{ instrument, price }];
  });
  return {
    venue,
    description: `${facts.frames} recorded frames of ${symbols.map((each) => each.instrument.symbol).join(', ')}, ${(facts.durationMs / 1e3).toFixed(0)} s`,
    symbols,
    // What a recording does not hold stays silent, which a feed takes for a fault.
    channels: channelsOf(venue).filter((channel) => facts.channels.has(channel)),
    source: createRecordedMarket({ venue, files, instruments: facts.instruments }),
    close: nothingToClose,
  };
}
