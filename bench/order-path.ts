import type { UnitId } from '#core/control/unit.ts';
import type { Instrument, VenueId } from '#core/market/instrument.ts';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { createOrderIds } from '#core/orders/client-order-id.ts';
import type { Clock, EpochMs, MonoNanos } from '#core/time/clock.ts';
import { systemClock, systemTimers } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import { createSecureFetch } from '#venues/connection/secure-fetch.ts';
import type { Connect } from '#venues/connection/transport.ts';
import { createWsConnect } from '#venues/connection/ws-transport.ts';
import { venues } from '#venues/venues.ts';

/** Keys of the account whose orders are built; they open nothing. */
export const KEYS = { key: 'bench-key-0123456789', secret: 'bench-secret-0123456789-0123456789' };
/** The engine's clock moves on by this with each order, so that the venue's rate limits never hold one back. */
const STEP_MS = 250;

/** A live order entry of a venue whose requests end at the socket, each answered at once. */
export interface OrderPath {
  /** Places one limit order and gives how long that took, ns: limits and lease, request text, signature, handing over to the socket. */
  place(): number;
  /** The text of the request that was written last. */
  written(): string;
  close(): Promise<void>;
}

/** Opens order entry against the simulated venue, then lets the socket swallow what is written. */
export async function openOrderPath(venueId: VenueId): Promise<OrderPath> {
  const [instrument] = builtInInstruments(venueId);
  if (instrument === undefined) throw new Error(`no instrument of ${venueId}`);
  const source = createGeneratedMarket([instrument], 1);
  const exchange = createSimulatedExchange({ instruments: [instrument], source, clockStart: systemClock.epochMs() });
  exchange.openAccount('bench', new Map([['USDT', '1000000']]), 10);
  const server = await VENUE_SERVERS[venueId].create({
    exchange,
    keys: createApiKeyRing([{ ...KEYS, accountId: 'bench' }]),
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
  });
  let ahead = 0;
  const clock: Clock = {
    monoNanos: () => (systemClock.monoNanos() + ahead * 1e6) as MonoNanos,
    epochMs: () => (systemClock.epochMs() + ahead) as EpochMs,
  };
  let swallow = false;
  let swallowed = '';
  let answer: (text: string) => void = () => undefined;
  const real = createWsConnect({ insecureAllowed: true });
  const connect: Connect = (url, listener, options) => {
    answer = (text) => listener.onFrame(Buffer.from(text), false);
    const socket = real(url, listener, options);
    const send = socket.send.bind(socket);
    socket.send = (text) => {
      if (swallow) swallowed = text;
      else send(text);
    };
    return socket;
  };
  const entry = venues[venueId].createOrderEntry(
    {
      endpoints: server.urls,
      clock,
      timers: systemTimers,
      random: { next: Math.random },
      connect,
      fetch: createSecureFetch({ insecureAllowed: true }),
      log: () => undefined,
      account: { account: 'bench', mode: 'paper' },
      credentials: () => KEYS,
    },
    () => undefined,
  );
  entry.start();
  while (entry.notReady() !== null) await new Promise((resolve) => setTimeout(resolve, 5));

  swallow = true;
  const nextId = createOrderIds('paper', `paper/bench/${venueId}` as UnitId, 1);
  const place = (): number => {
    ahead += STEP_MS;
    const intent = intentOf(instrument, nextId());
    const validUntil = (clock.epochMs() + 3_000) as EpochMs;
    let told = '';
    const began = process.hrtime.bigint();
    entry.place(intent, instrument, validUntil, (each) => {
      told = each.kind;
    });
    const took = Number(process.hrtime.bigint() - began);
    if (told !== '') throw new Error(`the order did not leave: ${told}`);
    answer(answerTo(venueId, swallowed));
    return took;
  };
  return {
    place,
    written: () => swallowed,
    async close() {
      swallow = false;
      await entry.stop();
      await server.close();
    },
  };
}

function intentOf(instrument: Instrument, clientOrderId: ReturnType<ReturnType<typeof createOrderIds>>) {
  return {
    clientOrderId,
    venue: instrument.venue,
    symbol: instrument.symbol,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    price: (instrument.tickSize * 600_000) as Price,
    size: (instrument.lotSize * 10) as Size,
    reduceOnly: false,
    purpose: 'entry',
  } as const;
}

/** The venue's acknowledgement of a request, so that it does not wait for its timeout. */
function answerTo(venueId: VenueId, request: string): string {
  const { id, reqId } = JSON.parse(request) as { id?: string; reqId?: string };
  return venueId === 'binance-usdm'
    ? JSON.stringify({ id, status: 200, result: { orderId: 1, updateTime: 1 } })
    : JSON.stringify({ reqId, retCode: 0, retMsg: 'OK', op: 'order.create', data: { orderId: '1', orderLinkId: '' } });
}
