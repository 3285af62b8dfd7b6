import type { Instrument } from '#core/market/instrument.ts';
import type { ClientOrderId, OrderIntent } from '#core/orders/order.ts';
import type { OrderAnswer, OrderEntry } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { systemClock } from '#core/time/system-clock.ts';

const until = (validForMs: number) => (systemClock.epochMs() + validForMs) as EpochMs;

/** Places and waits for the answer. */
export function placed(
  entry: OrderEntry,
  instrument: Instrument,
  intent: OrderIntent,
  validForMs = 10_000,
): Promise<OrderAnswer> {
  return new Promise((resolve) => entry.place(intent, instrument, until(validForMs), resolve));
}

/** Cancels and waits for the answer. */
export function cancelled(
  entry: OrderEntry,
  { symbol }: Instrument,
  clientOrderId: string,
  venueOrderId: string | null = null,
): Promise<OrderAnswer> {
  const target = { symbol, clientOrderId: clientOrderId as ClientOrderId, venueOrderId };
  return new Promise((resolve) => entry.cancel(target, until(10_000), resolve));
}
