import type { RuntimeConfiguration } from '#core/config/runtime-configuration.ts';
import { type ExpectedConnection, forecastFaults, type MarketStreamSettings } from '#core/events/load-forecast.ts';
import type { VenueId } from '#core/market/instrument.ts';
import { canBeReadApart } from '#core/market/read-apart.ts';
import type { Venue } from '#venues/venue.ts';

/**
 * What the market stream will not carry of a configuration, by the plans of its venues' connections, before any is opened; empty: it will carry all. All feeds are looked at, those of
 * other engines too, since they share the stream.
 */
export function marketStreamFaults(
  { feeds }: Pick<RuntimeConfiguration, 'feeds'>,
  venues: Readonly<Record<VenueId, Pick<Venue, 'supports' | 'marketData' | 'endpoints'>>>,
  settings: MarketStreamSettings,
): readonly string[] {
  const connections = feeds.flatMap((feed): readonly ExpectedConnection[] => {
    const { supports, marketData, endpoints } = venues[feed.venue];
    const channels = feed.channels.filter((channel) => supports.channels.includes(channel));
    const subscriptions = feed.symbols.flatMap((symbol) => channels.map((channel) => ({ channel, symbol })));
    return marketData.plan(endpoints('paper'), subscriptions).map((plan) => ({
      feed: feed.name ?? feed.venue,
      connection: plan.name,
      symbols: [...new Set(plan.subscriptions.map(({ symbol }) => symbol))],
      readApart: canBeReadApart(plan.subscriptions),
    }));
  });
  return forecastFaults(connections, settings);
}
