import { hasReduceOnly, type Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { OrderAnswer, OrderEntry, OrderTarget } from '#core/orders/venue-ports.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { RefusalReason } from '../exchange/simulated-exchange.ts';
import { latencyMs, type VenueClient, venueNow, type WorldVenue } from './world-venue.ts';

const ANSWER_TIMEOUT_MS = 5_000;
const RECV_WINDOW_MS = 5_000;
const MIN_WINDOW_MS = 50;

const BEHIND = { amend: 'amendBehind', cancel: 'cancelBehind' } as const;
const HELD = { place: 'placeHeld', amend: 'amendHeld', cancel: 'cancelHeld' } as const;

const UNCLEAR = { kind: 'unknown', cause: 'venueUnclear', code: '10016', text: 'the venue does not know' } as const;

/** Order entry over a socket of its own: requests arrive in the order in which they were sent, and are refused after the time until which they may be carried out. */
export function createWorldOrderEntry(venue: WorldVenue, client: VenueClient) {
  const { dice, shares, time, watch, exchange } = venue;
  const { process } = client;
  const waiting = new Set<(answer: OrderAnswer) => void>();
  let arrivesAtMs = 0;
  let stopped = false;

  const notReady = () => (stopped ? 'stopped' : client.cuts.has('orders') ? 'waiting' : null);

  function request(
    validUntil: EpochMs,
    kind: 'place' | 'amend' | 'cancel',
    clientOrderId: string,
    carryOut: () => OrderAnswer,
    answer: (answer: OrderAnswer) => void,
  ): void {
    if (notReady() !== null) {
      answer({ kind: 'notSent', reason: 'notReady', text: notReady() ?? '' });
      return;
    }
    const windowMs = Math.min(RECV_WINDOW_MS, Math.floor(validUntil - process.clock.epochMs()) - 1);
    if (windowMs < MIN_WINDOW_MS) {
      answer({ kind: 'notSent', reason: 'leaseEnds', text: `${windowMs} ms are left` });
      return;
    }
    const end = (result: OrderAnswer) => {
      if (!waiting.delete(end)) return;
      cancelTimeout();
      answer(result);
    };
    waiting.add(end);
    const cancelTimeout = process.timers.after(ANSWER_TIMEOUT_MS, () =>
      end({ kind: 'unknown', cause: 'timeout', code: '', text: 'no answer' }),
    );
    if (dice.chance(kind === 'cancel' ? shares.cancelLost : shares.requestLost)) return;
    const late = dice.chance(shares.requestLate) || (kind === 'amend' && dice.chance(shares.amendLate));
    const lateMs = late ? dice.between(500, 7_000) : 0;
    arrivesAtMs = Math.max(arrivesAtMs, time.nowMs + latencyMs(dice) + lateMs);
    const lastMoment = time.nowMs + windowMs;
    const deliver = process.answerTo();
    // What has left the process arrives whatever becomes of it.
    time.after(arrivesAtMs - time.nowMs, () => {
      const result = arrive(lastMoment, carryOut);
      if (result === null || client.cuts.has('orders')) return;
      const give = () => {
        if (!client.cuts.has('orders')) end(result);
      };
      if (kind !== 'place' && dice.chance(shares[BEHIND[kind]])) {
        const others = venue.behind.get(clientOrderId) ?? [];
        venue.behind.set(clientOrderId, [...others, () => deliver(0, give)]);
        return;
      }
      const slowMs = dice.chance(shares[HELD[kind]])
        ? dice.between(1_500, 4_900)
        : dice.chance(shares.answerLate)
          ? dice.between(50, 1_500)
          : 0;
      deliver(latencyMs(dice) + slowMs, give);
    });
  }

  /** What the venue does with a request, and what it answers; null: no answer comes. */
  function arrive(lastMoment: number, carryOut: () => OrderAnswer): OrderAnswer | null {
    venueNow(venue);
    if (venue.maintenance) return dice.chance(0.5) ? null : UNCLEAR;
    if (time.nowMs > lastMoment) {
      return { kind: 'rejected', code: '10002', text: 'outside of its window', errorClass: 'clock' };
    }
    if (dice.chance(shares.unclearUndone)) return UNCLEAR;
    const result = carryOut();
    if (dice.chance(shares.answerLost)) return null;
    return dice.chance(shares.unclearDone) ? UNCLEAR : result;
  }

  const entry: OrderEntry = {
    notReady,
    place: (intent, instrument, validUntil, answer) =>
      request(validUntil, 'place', intent.clientOrderId, () => placeAtVenue(venue, client, intent, instrument), answer),
    cancel: (target, validUntil, answer) =>
      request(
        validUntil,
        'cancel',
        target.clientOrderId,
        () => {
          if (dice.chance(shares.cancelUndone)) return UNCLEAR;
          return dice.chance(shares.cancelRefused) ? refusal('unknownOrder') : cancelAtVenue(venue, target);
        },
        answer,
      ),
    amend: (target, change, _instrument: Instrument, validUntil, answer) =>
      request(
        validUntil,
        'amend',
        target.clientOrderId,
        () => {
          if (dice.chance(shares.amendUndone)) return UNCLEAR;
          if (dice.chance(shares.amendRefused) || dice.chance(shares.marginRefused * 2))
            return refusal('insufficientMargin');
          // Of one that is gone with it nothing is told, neither the amendment nor the end.
          venue.mute = dice.chance(shares.amendVanishes);
          const outcome = exchange.amend(venue.account, targetOf(target), change.price, change.size);
          if (venue.mute) cancelAtVenue(venue, target);
          venue.mute = false;
          if (outcome.kind === 'refused') return refusal(outcome.reason);
          return { kind: 'accepted', venueOrderId: outcome.order.orderId, venueTime: outcome.order.updatedAt };
        },
        answer,
      ),
  };

  return {
    ...entry,
    start: () => undefined,
    stop: async () => {
      stopped = true;
      cut('stopped');
    },
    status: () => ({ state: notReady() === null ? ('live' as const) : ('waiting' as const), reason: notReady() ?? '' }),
    /** The socket is gone: what waits for an answer gets none. */
    cut,
  };

  function cut(reason: string): void {
    watch.trace(() => `${process.name} loses its order connection: ${reason}`);
    for (const end of [...waiting]) end({ kind: 'unknown', cause: 'linkLost', code: '', text: reason });
  }
}

function placeAtVenue(
  venue: WorldVenue,
  client: VenueClient,
  intent: OrderIntent,
  instrument: Instrument,
): OrderAnswer {
  const { dice, shares, watch, exchange, account } = venue;
  watch.placing(client, intent);
  if (dice.chance(shares.refusedLater)) return refuseLater(venue, intent, instrument);
  if (dice.chance(shares.refusedTwice)) {
    refuseLater(venue, intent, instrument);
    return refusal('insufficientMargin');
  }
  const { clientOrderId, symbol, side, type, timeInForce, price, triggerPrice = null, size, reduceOnly } = intent;
  const outcome = dice.chance(shares.marginRefused)
    ? ({ kind: 'refused', reason: 'insufficientMargin' } as const)
    : exchange.place(account, {
        clientOrderId,
        symbol,
        side,
        type,
        timeInForce,
        price,
        triggerPrice,
        size,
        // Spot knows none.
        reduceOnly: reduceOnly && hasReduceOnly(instrument.kind),
      });
  if (outcome.kind === 'accepted' && dice.chance(shares.falseRefusal)) {
    venue.lies.add(clientOrderId);
    watch.lied(symbol, clientOrderId);
    watch.placed(client, intent, outcome);
    return refusal('insufficientMargin');
  }
  watch.placed(client, intent, outcome);
  if (outcome.kind === 'refused') return refusal(outcome.reason);
  return { kind: 'accepted', venueOrderId: outcome.order.orderId, venueTime: outcome.order.createdAt };
}

/** It is acknowledged under an id of its own, and then reported as rejected; nothing of it is ever executed (G3). */
function refuseLater(venue: WorldVenue, intent: OrderIntent, instrument: Instrument): OrderAnswer {
  const { clientOrderId, symbol, side, price, size, reduceOnly, type } = intent;
  const venueTime = venueNow(venue);
  const report: OrderReport = {
    kind: 'orderReport',
    source: 'accountStream',
    symbol,
    clientOrderId,
    venueOrderId: `refused-${venue.refusedLater.size + 1}`,
    status: 'rejected',
    side,
    price: price === null ? null : formatScaled(price, instrument.priceScale),
    size: formatScaled(size, instrument.sizeScale),
    cumulativeSize: '0',
    reduceOnly,
    orderType: type,
    reason: 'insufficientMargin',
    venueTime,
  };
  venue.refusedLater.set(clientOrderId, report);
  venue.watch.trace(() => `venue accepts and refuses ${clientOrderId}`);
  for (const hear of venue.streams) hear(report);
  return { kind: 'accepted', venueOrderId: report.venueOrderId, venueTime };
}

/** Cancels at once, by whichever way it was asked. */
export function cancelAtVenue(
  { exchange, account, watch, refusedLater }: WorldVenue,
  target: OrderTarget,
): OrderAnswer {
  if (refusedLater.has(target.clientOrderId)) return refusal('orderNotOpen');
  const outcome = exchange.cancel(account, targetOf(target));
  watch.trace(() => `venue cancels ${target.clientOrderId}: ${outcome.kind === 'refused' ? outcome.reason : 'done'}`);
  if (outcome.kind === 'refused') return refusal(outcome.reason);
  return { kind: 'accepted', venueOrderId: outcome.order.orderId, venueTime: outcome.order.updatedAt };
}

function targetOf({ venueOrderId, clientOrderId }: OrderTarget) {
  return { orderId: venueOrderId, clientOrderId };
}

function refusal(reason: RefusalReason): OrderAnswer {
  const errorClass =
    reason === 'duplicateClientOrderId'
      ? 'alreadySo'
      : reason === 'unknownOrder' || reason === 'orderNotOpen'
        ? 'notFound'
        : 'reject';
  return { kind: 'rejected', code: reason, text: reason, errorClass };
}
