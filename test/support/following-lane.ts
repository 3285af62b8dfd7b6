import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import type { ScannerConfiguration } from '#core/config/scanner-configuration.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import type { VenueId } from '#core/market/instrument.ts';

const FOLLOWER = 'follower';

/** One lane over the first symbols of a configuration: it begins on the first, and changes as soon as its quotes are old. */
export function followingLane(venue: VenueId, changes: Partial<ScannerConfiguration> = {}) {
  return (configuration: RuntimeConfiguration): RuntimeConfiguration => {
    const [first, ...others] = configuration.lanes;
    if (first === undefined || others.length === 0) throw new Error('too few symbols');
    const perSymbol = Object.fromEntries(
      others.map(({ symbol, strategy, limits, reservedSize }) => [symbol, { strategy, limits, reservedSize }]),
    );
    return {
      ...configuration,
      lanes: [{ ...first, name: FOLLOWER, symbolFrom: 'scan', perSymbol }],
      scanners: [
        {
          name: 'scan',
          venue,
          candidates: [first, ...others].map((lane) => lane.symbol),
          sampleMs: 50,
          span: 400,
          warmUp: 5,
          maxAgeMs: 1_200,
          weights: { volatility: 1, volume: 0, spread: 0 },
          floors: { minVolatilityBps: 0, minVolumePerMinute: 0, maxSpreadBps: 100 },
          // Nobody is a hundred times better: only a symbol whose quotes are old is left.
          margin: 100,
          holdMs: 0,
          minStayMs: 0,
          ...changes,
        },
      ],
    };
  };
}

/**
 * What is wrong with the order of a following lane's events: an entry on a symbol that is not the one being traded, or in a state other than Trading; an order of any kind on a symbol that has
 * been left, but to close what came alive there.
 */
export function switchFaults(events: readonly TradingEvent[]): readonly string[] {
  const faults: string[] = [];
  let state = 'Locating';
  let symbol: string | null = null;
  for (const event of events) {
    if (event.type === 'lane.symbol') {
      state = event.body.to;
      symbol = event.body.symbol;
    } else if (event.type === 'order.state' && event.body.to === 'Submitted' && event.body.lane === FOLLOWER) {
      const intent = events.find(
        (each) => each.type === 'order.intended' && each.body.clientOrderId === event.body.clientOrderId,
      );
      if (intent?.type !== 'order.intended' || intent.body.reduceOnly) continue;
      if (state !== 'Trading' || symbol !== event.body.symbol)
        faults.push(`entry ${event.body.clientOrderId} on ${event.body.symbol} in ${state} of ${symbol}`);
    }
  }
  return faults;
}
