import { randomBytes } from 'node:crypto';
import type { VenueId } from '#core/market/instrument.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { createExchangeClock } from '#simulation/exchange/exchange-clock.ts';
import { depositsFor, exchangeSettingsFor, leverageFor } from '#simulation/exchange-terms.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { startPriceOf } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import type { SentCounts, SoakCommand, VenueMessage, VenueTask } from './messages.ts';
import { createPacedMarket } from './paced-market.ts';

const ACCOUNT = 'main';
const task = JSON.parse(process.argv[2] ?? '') as VenueTask;
const tell = (message: VenueMessage) => process.send?.(message);

async function openVenue(venue: VenueId) {
  const instruments = builtInInstruments(venue);
  const startMs = systemClock.epochMs();
  const framesPerSecond = task.messagesPerSecond / task.venues.length;
  const source = createPacedMarket({ venue, instruments, seed: task.seed, framesPerSecond, startMs });
  const settings = exchangeSettingsFor(venue, instruments);
  const exchange = createSimulatedExchange({ instruments, source, clockStart: startMs, settings });
  const symbols = instruments.map((instrument) => ({ instrument, price: startPriceOf(instrument) }));
  exchange.openAccount(ACCOUNT, depositsFor(symbols), leverageFor(symbols));
  const key = { key: randomBytes(12).toString('hex'), secret: randomBytes(24).toString('hex') };
  const server = await VENUE_SERVERS[venue].create({
    exchange,
    keys: createApiKeyRing([{ ...key, accountId: ACCOUNT }]),
    clock: systemClock,
    host: '127.0.0.1',
    port: 0,
  });
  // Its time begins now, not when the server was asked for: a book's age is judged by it.
  exchange.advanceTo(systemClock.epochMs());
  const clock = createExchangeClock({ exchange, source, speed: 1, clock: systemClock });
  clock.start();
  return { venue, key, server, source, clock, flow: () => source.start(exchange.now() - startMs) };
}

const venues = await Promise.all(task.venues.map(openVenue));

function sent(): SentCounts {
  const stats = venues.map(({ server }) => server.stats());
  const sum = (count: (each: (typeof stats)[number]) => number) =>
    stats.reduce((total, each) => total + count(each), 0);
  return {
    market: sum((each) => each.framesSent - each.answersSent),
    answers: sum((each) => each.answersSent),
    connections: sum((each) => each.connections.length),
    slowConsumers: sum((each) => each.slowConsumers),
    errors: stats.flatMap((each) => each.errors),
  };
}

async function close(): Promise<void> {
  for (const { clock } of venues) clock.stop();
  await Promise.all(venues.map(({ server }) => server.close()));
  process.disconnect?.();
}

process.on('disconnect', () => process.exit());
process.on('message', (command: SoakCommand) => {
  if (command.kind === 'flow') for (const each of venues) each.flow();
  if (command.kind === 'stopFlow') for (const { source } of venues) source.stop();
  if (command.kind === 'stopFlow' || command.kind === 'finish') tell({ kind: 'sent', ...sent() });
  if (command.kind === 'close') void close();
});
tell({ kind: 'open', venues: venues.map(({ venue, server, key }) => ({ venue, urls: server.urls, key })) });
