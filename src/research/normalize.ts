import { accessSync, constants, statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import { Normalizer } from './normalizer.ts';
import { readRecordedLines } from './recorded-frames.ts';

const USAGE = `usage: npm run -s normalize -- --venue ${VENUES.join('|')} FILE… [--books N|all]
FILE: a recording (.gz too), - for standard input`;

export interface NormalizeStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

interface Arguments {
  readonly venue: VenueId;
  readonly files: readonly string[];
  /** Levels a side of each book's state at the end; null: no states. */
  readonly depth: number | null;
}

/** Lines are written in pieces of about this many characters. */
const WRITE_CHARACTERS = 64 * 1024;

/**
 * Recorded frames in, one normalized JSON object a line out. Ends with 0; with 1 if there were bad frames (each on stderr as `file:line: reason`, the rest
 * went on); with 2 for arguments or files that cannot be used, before anything is written.
 */
export async function main(
  argv: readonly string[],
  streams: NormalizeStreams = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr },
): Promise<number> {
  const say = (text: string): void => {
    streams.stderr.write(`${text}\n`);
  };
  let options: Arguments;
  try {
    options = readArguments(argv);
  } catch (error) {
    say(`normalize: ${messageOf(error)}`);
    return 2;
  }
  const output = createLineOutput(streams.stdout);
  let place = '';
  let bad = 0;
  const refuse = (error: unknown, where: string): void => {
    if (!(error instanceof MillraceError) || error.class !== 'validation') throw error;
    bad += 1;
    say(`${where}: ${error.message}`);
  };
  const normalizer = new Normalizer(options.venue, {
    line: output.line,
    notice: (text) => say(`${place}: ${text}`),
  });

  for (const file of options.files) {
    try {
      for await (const records of readRecordedLines(file, streams.stdin)) {
        for (const record of records) {
          place = `${file}:${record.line}`;
          try {
            normalizer.onLine(record);
          } catch (error) {
            refuse(error, place);
          }
        }
        await output.flush();
        if (output.closed()) return bad > 0 ? 1 : 0;
      }
    } catch (error) {
      refuse(error, file);
    }
  }
  place = 'end';
  try {
    normalizer.end(options.depth);
  } catch (error) {
    refuse(error, place);
  }
  await output.flush();
  if (bad > 0) say(`normalize: ${bad} bad ${bad === 1 ? 'frame' : 'frames'}`);
  return bad > 0 ? 1 : 0;
}

function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parsed(argv);
  const venue = VENUES.find((each) => each === values.venue);
  if (venue === undefined)
    throw usage(`--venue ${values.venue ?? 'is missing'}${values.venue === undefined ? '' : ' is not known'}`);
  if (positionals.length === 0) throw usage('no file');
  const missing = positionals.filter((file) => file !== '-').flatMap((file) => unreadable(file));
  if (missing.length > 0) throw new MillraceError('validation', 'FILE_UNREADABLE', missing.join(', '));
  return { venue, files: positionals, depth: values.books === undefined ? null : depthOf(values.books) };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { venue: { type: 'string' }, books: { type: 'string' } },
      allowPositionals: true,
    });
  } catch (error) {
    throw usage(messageOf(error));
  }
}

function depthOf(text: string): number {
  if (text === 'all') return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usage(`--books ${text} is neither a number nor all`);
}

function usage(reason: string): MillraceError {
  return new MillraceError('validation', 'ARGUMENTS_INVALID', `${reason}\n${USAGE}`);
}

/** Why a file cannot be read; nothing if it can. */
function unreadable(file: string): readonly string[] {
  try {
    if (statSync(file).isDirectory()) return [`${file} is a directory`];
    accessSync(file, constants.R_OK);
    return [];
  } catch (error) {
    return [messageOf(error)];
  }
}

interface LineOutput {
  line(text: string): void;
  /** Resolves when the reader keeps up. */
  flush(): Promise<void>;
  /** The reader has gone (`| head`): nothing more can be written. */
  closed(): boolean;
}

function createLineOutput(stream: Writable): LineOutput {
  let pending = '';
  let gone = false;
  let full = false;
  let resume = (): void => undefined;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone = true;
    resume();
    // A reader that has seen enough is no fault of ours.
    if (error.code !== 'EPIPE') throw error;
  });
  stream.on('drain', () => {
    full = false;
    resume();
  });
  const write = (): void => {
    if (pending !== '' && !gone) full = !stream.write(pending);
    pending = '';
  };
  return {
    line(text) {
      pending += `${text}\n`;
      if (pending.length >= WRITE_CHARACTERS) write();
    },
    async flush() {
      write();
      if (full && !gone) {
        await new Promise<void>((resolve) => {
          resume = resolve;
        });
      }
    },
    closed: () => gone,
  };
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
