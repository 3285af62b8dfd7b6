import type { TradingEvent } from '#core/events/trading-event.ts';

/** What people are told of an event while a run is shown, or null. */
export function noteOf(event: TradingEvent): string | null {
  switch (event.type) {
    case 'alert':
      return `${event.body.severity} ${event.body.code}: ${event.body.text}`;
    case 'lease':
      return `${event.unit}: lease ${event.body.change} by ${event.body.holder} (${event.body.reason})`;
    case 'feed.gap':
      return `${event.venue} ${event.body.symbol}: gap ${event.body.lastSequence ?? '?'} → ${event.body.firstSequence ?? '?'} (${event.body.reason})`;
    default:
      return null;
  }
}
