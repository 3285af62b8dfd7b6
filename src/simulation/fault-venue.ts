import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { MillraceError, messageOf } from '#core/errors.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { deferSource } from './deferred-source.ts';
import { createSimulatedExchange } from './exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from './exchange/simulated-exchange.ts';
import { depositsFor, exchangeSettingsFor, leverageFor } from './exchange-terms.ts';
import { type FaultVenueArguments, parseFaultVenueArguments } from './fault-venue-arguments.ts';
import { scoreScenarios } from './fault-venue-score.ts';
import { builtInInstruments } from './market-sources/built-in-instruments.ts';
import { createGeneratedMarket, startPriceOf } from './market-sources/generated-market.ts';
import { inspectRecording } from './market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from './market-sources/recorded-market.ts';
import { createApiKeyRing } from './protocol/api-keys.ts';
import { FAULT_COMMANDS, runFaultCommand } from './protocol/fault-commands.ts';
import type { SimulatedVenue } from './protocol/simulated-venue.ts';
import { VENUE_SERVERS } from './protocol/venue-servers.ts';
import { createBotWatch } from './scenarios/bot-watch.ts';
import { describeScenarios } from './scenarios/scenarios.ts';

/** Where the program talks: lines out, lines of faults, commands in (null: none), and the wish to end. */
export interface FaultVenueConsole {
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly commands: Readable | null;
  readonly signal: AbortSignal;
}

const ACCOUNT = 'main';
/** How often the market moves on. */
const STEP_MS = 5;

interface Market {
  readonly exchange: SimulatedExchange;
  /** Somebody listens now: a recording begins. */
  readonly onAudience: () => void;
}

function openMarket(options: FaultVenueArguments): Market {
  const clockStart = systemClock.epochMs();
  if (options.replay.length === 0) {
    const instruments = builtInInstruments(options.venue);
    const source = createGeneratedMarket(instruments, options.seed);
    const settings = exchangeSettingsFor(options.venue, instruments);
    return {
      exchange: createSimulatedExchange({ instruments, source, clockStart, settings }),
      onAudience: () => undefined,
    };
  }
  const { venue, instruments } = inspectRecording(options.replay);
  if (venue !== options.venue) {
    throw new MillraceError(
      'validation',
      'REPLAY_VENUE',
      `the recording is of ${venue}; start it with --venue ${venue}`,
    );
  }
  const settings = exchangeSettingsFor(venue, instruments);
  const source = deferSource(createRecordedMarket({ venue, files: options.replay, instruments }));
  return {
    exchange: createSimulatedExchange({ instruments, source, clockStart, settings }),
    onAudience: () => source.start(systemClock.epochMs() - clockStart),
  };
}

/** Runs one simulated venue alone until it is told to end or its recording is over; the exit code. */
export async function main(argv: readonly string[], console: FaultVenueConsole): Promise<number> {
  let venue: SimulatedVenue | null = null;
  let code = 0;
  let ended: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    ended = resolve;
  });
  console.signal.addEventListener('abort', () => ended());
  try {
    const options = parseFaultVenueArguments(argv);
    if (options === 'list') {
      console.say(describeScenarios().join('\n'));
      return 0;
    }
    const { exchange, onAudience } = openMarket(options);
    exchange.advanceTo(systemClock.epochMs());
    const symbols = exchange.instruments.map((instrument) => ({ instrument, price: startPriceOf(instrument) }));
    const deposits = depositsFor(symbols);
    exchange.openAccount(ACCOUNT, deposits, leverageFor(symbols));
    const apiKey = {
      key: randomBytes(16).toString('hex'),
      secret: randomBytes(24).toString('hex'),
      accountId: ACCOUNT,
    };
    const keys = createApiKeyRing([apiKey]);
    const nowMs = (): number => systemClock.monoNanos() / 1e6;
    const watch = createBotWatch(options.venue, nowMs);
    venue = await VENUE_SERVERS[options.venue].create({
      exchange,
      keys,
      clock: systemClock,
      host: '127.0.0.1',
      port: options.port,
      traffic: watch.traffic,
    });
    if (console.signal.aborted) return 0;
    exchange.listen({
      onMarket(event) {
        if (event.kind !== 'end') return;
        console.say('The recording is over.');
        ended();
      },
      onAccount: () => undefined,
    });
    introduce(console, options, venue, deposits, apiKey);
    const stopCommands = listenToCommands(console, venue);
    const stopMarket = driveMarket(exchange, venue, onAudience, (error) => {
      console.complain(messageOf(error));
      code = 1;
      ended();
    });
    const stopFollowing = watch.follow(exchange, ACCOUNT);
    if (options.scenarios.length > 0) {
      const world = { venue, exchange, account: ACCOUNT, watch, nowMs };
      const failures = await scoreScenarios(options, world, console);
      if (options.score) {
        code = failures > 0 ? 1 : code;
        ended();
      }
    }
    await done;
    stopFollowing();
    stopMarket();
    stopCommands();
    return code;
  } catch (error) {
    console.complain(messageOf(error));
    return 1;
  } finally {
    await venue?.close();
    if (venue !== null) console.say(accountOf(venue));
  }
}

/** Moves the market on until it is stopped; a market that cannot go on (a recording that does not fit) is told once. */
function driveMarket(
  exchange: SimulatedExchange,
  venue: SimulatedVenue,
  onAudience: () => void,
  onFailure: (error: unknown) => void,
): () => void {
  const timer = setInterval(() => {
    try {
      if (venue.stats().connections.length > 0) onAudience();
      exchange.advanceTo(systemClock.epochMs());
    } catch (error) {
      clearInterval(timer);
      onFailure(error);
    }
  }, STEP_MS);
  return () => clearInterval(timer);
}

function introduce(
  console: FaultVenueConsole,
  options: FaultVenueArguments,
  venue: SimulatedVenue,
  deposits: ReadonlyMap<string, string>,
  apiKey: { readonly key: string; readonly secret: string },
): void {
  const source =
    options.replay.length === 0
      ? `generated, seed ${options.seed}`
      : `${options.replay.join(', ')}, from the first market-data connection on`;
  const balance = [...deposits].map(([currency, amount]) => `${amount} ${currency}`).join(', ');
  console.say(`Simulated ${options.venue}: market ${source}; balance ${balance}`);
  for (const [name, url] of Object.entries(venue.urls)) console.say(`  ${name.padEnd(8)}${url}`);
  console.say(`  ${'key'.padEnd(8)}${apiKey.key}`);
  console.say(`  ${'secret'.padEnd(8)}${apiKey.secret}`);
  if (console.commands !== null) console.say(`Faults, a line each:\n${FAULT_COMMANDS.replace(/^/gm, '  ')}`);
  console.say('Ctrl-C ends it.');
}

function listenToCommands(console: FaultVenueConsole, venue: SimulatedVenue): () => void {
  if (console.commands === null) return () => undefined;
  const lines = createInterface({ input: console.commands });
  lines.on('line', (line) => {
    if (line.trim() === '') return;
    try {
      console.say(runFaultCommand(venue.faults, line));
    } catch (error) {
      console.complain(messageOf(error));
    }
  });
  return () => lines.close();
}

function accountOf(venue: SimulatedVenue): string {
  const { framesSent, requests, errors } = venue.stats();
  const faults = errors.map((each) => `\n  fault of the venue itself: ${each}`).join('');
  return `Ended: ${framesSent} market frames sent, ${requests} requests answered.${faults}`;
}

if (process.argv[1] === import.meta.filename) {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => ending.abort());
  process.exitCode = await main(process.argv.slice(2), {
    say: (line) => process.stdout.write(`${line}\n`),
    complain: (line) => process.stderr.write(`${line}\n`),
    commands: process.stdin.isTTY ? process.stdin : null,
    signal: ending.signal,
  });
}
