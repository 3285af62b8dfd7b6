import type { Alert } from '#aws/alerts.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';

/** What people must hear of an event, or null. The key of an alert counts within its unit. */
export function alertOf(event: TradingEvent): Alert | null {
  if (event.type !== 'alert') return null;
  const { severity, code, text, dedupeKey } = event.body;
  const { id, unit, time } = event;
  return { id, severity, code, text, dedupeKey: `${unit}#${dedupeKey}`, unit, time };
}
