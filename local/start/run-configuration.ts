import type { FeedConfiguration, LaneConfiguration, RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { ScannerConfiguration } from '#core/config/scanner-configuration.ts';
import { type Instrument, notional, type VenueId } from '#core/market/instrument.ts';
import { formatScaled, type Price } from '#core/market/scaled-decimal.ts';
import { venues } from '#venues/venues.ts';

/** The account of the embedded run. */
export const LOCAL_ACCOUNT = 'main';

/** A symbol that will be traded, with a price to size orders by. */
export interface TradedSymbol {
  readonly instrument: Instrument;
  /** In price units; what the market is near. */
  readonly price: number;
}

/** The market of one venue: what is traded there, and what its feed carries. */
export interface TradedMarket {
  readonly venue: VenueId;
  readonly symbols: readonly TradedSymbol[];
  readonly channels: FeedConfiguration['channels'];
}

const EVERY_CHANNEL: TradedMarket['channels'] = ['book', 'trades', 'quotes', 'ticker'];

/** Everything that a lane, the view or the archive uses, as far as the venue has it. */
export function channelsOf(venue: VenueId): TradedMarket['channels'] {
  return EVERY_CHANNEL.filter((channel) => venues[venue].supports.channels.includes(channel));
}

/** Value of an entry at the entry threshold, quote currency. */
const BASE_NOTIONAL = 20_000;

/** Quote currency; of inverse contracts its worth in the currency that they settle in. */
const MAX_DAILY_LOSS = 50_000;

/**
 * The runtime configuration of the embedded run: one lane per symbol with a scalper that trades often. Sizes come from the price, distances in basis points
 * are turned into ticks, and the largest signals ask for more than the order limit allows, so that risk has something to refuse.
 */
export function runConfiguration(markets: readonly TradedMarket[]): RuntimeConfiguration {
  return {
    version: 1,
    accounts: markets.map(({ venue }) => ({
      name: LOCAL_ACCOUNT,
      mode: 'paper',
      venue,
      liveConfirmed: false,
      onShutdown: 'cancel',
    })),
    // Options and whatever else is not traded come as data alone.
    lanes: markets.flatMap(({ symbols }) => symbols.filter(({ instrument }) => instrument.tradable).map(laneOf)),
    feeds: markets.map(({ venue, symbols, channels }) => ({
      venue,
      symbols: symbols.map((each) => each.instrument.symbol),
      channels: [...channels],
    })),
  };
}

/**
 * The same with one lane for each venue that has several symbols: a scanner picks which it trades, by volatility and spread, and changes its mind often enough to be seen.
 */
export function scannedConfiguration(markets: readonly TradedMarket[]): RuntimeConfiguration {
  const fixed = runConfiguration(markets);
  const scanners: ScannerConfiguration[] = [];
  const lanes = markets.flatMap(({ venue }) => {
    const own = fixed.lanes.filter((lane) => lane.venue === venue);
    const [first, ...others] = own;
    if (first === undefined || others.length === 0) return own;
    const name = `${venue}-scanner`;
    scanners.push({
      name,
      venue,
      candidates: own.map((lane) => lane.symbol),
      sampleMs: 250,
      span: 40,
      warmUp: 20,
      maxAgeMs: 10_000,
      weights: { volatility: 1, volume: 0, spread: 0.5 },
      floors: { minVolatilityBps: 0, minVolumePerMinute: 0, maxSpreadBps: 20 },
      margin: 0.05,
      holdMs: 2_000,
      minStayMs: 10_000,
    });
    const perSymbol = Object.fromEntries(
      others.map(({ symbol, strategy, limits, reservedSize }) => [symbol, { strategy, limits, reservedSize }]),
    );
    return [{ ...first, name: `${venue}-follower`, symbolFrom: name, perSymbol }];
  });
  return { ...fixed, lanes, scanners };
}

/** How much longer lanes hold and rest there: Alpaca answers 200 requests a minute, orders, cancels and questions of everybody together. */
const SLOWER: Readonly<Partial<Record<VenueId, number>>> = { alpaca: 5 };

function laneOf({ instrument, price }: TradedSymbol): LaneConfiguration {
  const ticks = (bps: number) => Math.max(1, Math.round((price * bps) / 1e4 / instrument.tickSize));
  const lots = Math.max(1, Math.round(BASE_NOTIONAL / notional(instrument, price as Price, instrument.lotSize)));
  const size = (factor: number) => formatScaled(lots * factor * instrument.lotSize, instrument.sizeScale);
  const slower = SLOWER[instrument.venue] ?? 1;
  return {
    name: laneName(instrument.venue, instrument.symbol),
    account: LOCAL_ACCOUNT,
    mode: 'paper',
    venue: instrument.venue,
    symbol: instrument.symbol,
    strategy: {
      kind: 'momentum-scalper',
      window: 16,
      entryTicks: ticks(0.15),
      takeTicks: ticks(0.6),
      takeProfitTicks: ticks(0.3),
      stopLossTicks: ticks(1.5),
      restMs: 700,
      holdMs: 1_500 * slower,
      cooldownMs: 500 * slower,
      baseSize: size(1),
      maxSizeFactor: 10,
    },
    limits: {
      maxOrderSize: size(8),
      maxPositionSize: size(16),
      priceBandBps: 50,
      maxSpreadBps: 5,
      maxDataAgeMs: 100,
      maxDailyLoss:
        instrument.kind === 'inverse' ? MAX_DAILY_LOSS / (price / 10 ** instrument.priceScale) : MAX_DAILY_LOSS,
      maxOpenOrders: 4,
      maxOrderRate: 1.2,
    },
    reservedSize: '0',
    confirm: 'every',
  };
}

/** `binance-usdm-btcusdt`. */
function laneName(venue: VenueId, symbol: string): string {
  return `${venue}-${symbol.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`.slice(0, 31);
}
