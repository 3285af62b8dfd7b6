import type { TradingEvent, TradingEventOf } from '#core/events/trading-event.ts';

/** The events of one type. */
export function eventsOf<Type extends TradingEvent['type']>(
  events: readonly TradingEvent[],
  type: Type,
): readonly TradingEventOf<Type>[] {
  return events.filter((event): event is TradingEventOf<Type> => event.type === type);
}
