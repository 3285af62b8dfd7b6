import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { parseArgs } from 'node:util';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { deferSource } from './deferred-source.ts';
import { createSimulatedExchange } from './exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from './exchange/simulated-exchange.ts';
import { depositsFor, exchangeSettingsFor, leverageFor } from './exchange-terms.ts';
import { builtInInstruments } from './market-sources/built-in-instruments.ts';
import { createGeneratedMarket, startPriceOf } from './market-sources/generated-market.ts';
import { inspectRecording } from './market-sources/instruments-of-recording.ts';
import { createRecordedMarket } from './market-sources/recorded-market.ts';
import { createApiKeyRing } from './protocol/api-keys.ts';
import { FAULT_COMMANDS, runFaultCommand } from './protocol/fault-commands.ts';
import type { SimulatedVenue } from './protocol/simulated-venue.ts';
import { VENUE_SERVERS } from './protocol/venue-servers.ts';

/** What one run was asked for. */
export interface FaultVenueArguments {
  readonly venue: VenueId;
  /** 0 = any free port. */
  readonly port: number;
  /** Recorded files; empty: generated flow. */
  readonly replay: readonly string[];
  readonly seed: number;
}

/** Where the program talks: lines out, lines of faults, commands in (null: none), and the wish to end. */
export interface FaultVenueConsole {
  readonly say: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly commands: Readable | null;
  readonly signal: AbortSignal;
}

const USAGE = `npm run fault-venue -- --venue ${VENUES.join('|')} --port P [--replay FILE[,FILE…]] [--seed N]`;
const ACCOUNT = 'main';
/** How often the market moves on. */
const STEP_MS = 5;

/** Reads the command line. Throws `ARGUMENTS_INVALID` with every fault at once, `REPLAY_MISSING` for a file that is not there. */
export function parseFaultVenueArguments(argv: readonly string[]): FaultVenueArguments {
  const { values, faults } = rawArguments(argv);
  const venue = VENUES.find((each) => each === values.venue);
  if (venue === undefined) faults.push(`--venue must be one of ${VENUES.join(', ')}`);
  const port = wholeNumber(values.port, 65_535);
  if (port === null) faults.push('--port must be a number from 0 (any free port) to 65535');
  const seed = values.seed === undefined ? 1 : wholeNumber(values.seed, 0xffffffff);
  if (seed === null) faults.push('--seed must be a whole number');
  if (venue === undefined || port === null || seed === null || faults.length > 0) {
    throw new MillraceError('validation', 'ARGUMENTS_INVALID', `\n  - ${faults.join('\n  - ')}\n${USAGE}`);
  }
  const replay = (values.replay ?? '').split(',').filter((each) => each !== '');
  for (const file of replay) {
    if (existsSync(file) && statSync(file).isFile()) continue;
    throw new MillraceError(
      'validation',
      'REPLAY_MISSING',
      `file=${path.resolve(file)} is no file; give the path of a recording`,
    );
  }
  return { venue, port, replay, seed };
}

interface RawValues {
  readonly venue?: string | undefined;
  readonly port?: string | undefined;
  readonly replay?: string | undefined;
  readonly seed?: string | undefined;
}

function rawArguments(argv: readonly string[]): { readonly values: RawValues; readonly faults: string[] } {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { venue: text, port: text, replay: text, seed: text },
      allowPositionals: false,
    });
    return { values, faults: [] };
  } catch (error) {
    return { values: {}, faults: [messageOf(error)] };
  }
}

function wholeNumber(value: string | undefined, most: number): number | null {
  if (value === undefined || !/^\d{1,10}$/.test(value)) return null;
  return Number(value) <= most ? Number(value) : null;
}

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
    venue = await VENUE_SERVERS[options.venue].create({
      exchange,
      keys,
      clock: systemClock,
      host: '127.0.0.1',
      port: options.port,
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
    await done;
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
