import { closeSync, globSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { decodeMarketRecord, type MarketRecord, originKey } from '#aws/market-record.ts';
import { MillraceError } from '#core/errors.ts';

const LENGTH_BYTES = 4;

/** Where one record lies. */
export interface RecordPlace {
  readonly file: string;
  readonly at: number;
  readonly bytes: number;
  readonly firstSequence: number;
}

/** All records of one connection, by the sequence of their first frames. */
export interface LoggedConnection {
  readonly isLog: boolean;
  readonly connection: string;
  readonly epoch: number;
  readonly places: readonly RecordPlace[];
}

/** What one engine process left: the frames of its feeds, and its input log. */
export interface LoggedRun {
  readonly engine: string;
  /** ms since 1970. */
  readonly startedAt: number;
  readonly connections: readonly LoggedConnection[];
}

/**
 * Finds the runs in archive objects: a file, or a folder with those that one or several engines left. Throws `LOG_UNREADABLE` (configuration) where there are none, and `ARCHIVE_OBJECT_INVALID`
 * (fatal) for an object that is not whole.
 */
export function findRuns(log: string): readonly LoggedRun[] {
  const files = filesOf(log);
  if (files.length === 0)
    throw new MillraceError('configuration', 'LOG_UNREADABLE', `no archive objects (*.mlrm) in ${log}`);
  const runs = new Map<string, { engine: string; startedAt: number; connections: Map<string, Growing> }>();
  for (const file of files) {
    for (const { place, record } of recordsIn(file)) {
      const { engine, startedAt, venue, connection, epoch } = record;
      const key = `${engine}|${startedAt}`;
      const run = runs.get(key) ?? { engine, startedAt, connections: new Map<string, Growing>() };
      runs.set(key, run);
      const origin = originKey(record);
      const known = run.connections.get(origin) ?? { isLog: venue === 'engine', connection, epoch, places: [] };
      run.connections.set(origin, known);
      known.places.push(place);
    }
  }
  return [...runs.values()]
    .sort((a, b) => a.startedAt - b.startedAt)
    .map(({ engine, startedAt, connections }) => ({
      engine,
      startedAt,
      connections: [...connections.values()].map((each) => ({
        ...each,
        places: each.places.sort((a, b) => a.firstSequence - b.firstSequence),
      })),
    }));
}

interface Growing {
  readonly isLog: boolean;
  readonly connection: string;
  readonly epoch: number;
  readonly places: RecordPlace[];
}

/** Reads one record again. */
export function readRecord({ file, at, bytes }: RecordPlace): MarketRecord {
  const data = Buffer.alloc(bytes);
  const handle = openSync(file, 'r');
  try {
    readSync(handle, data, 0, bytes, at);
  } finally {
    closeSync(handle);
  }
  return decoded(file, at, data);
}

function filesOf(log: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(log).isDirectory();
  } catch {
    throw new MillraceError('configuration', 'LOG_UNREADABLE', `there is no ${log}`);
  }
  if (!isFolder) return [log];
  return globSync('**/*.mlrm', { cwd: log })
    .sort()
    .map((file) => path.join(log, file));
}

function* recordsIn(file: string): Generator<{ place: RecordPlace; record: MarketRecord }> {
  const body = readFileSync(file);
  let at = 0;
  while (at < body.length) {
    const start = at + LENGTH_BYTES;
    const bytes = start <= body.length ? body.readUInt32LE(at) : 0;
    if (bytes === 0 || start + bytes > body.length) throw invalid(file, `cut short at=${at}`);
    const record = decoded(file, start, body.subarray(start, start + bytes));
    yield { place: { file, at: start, bytes, firstSequence: record.firstSequence }, record };
    at = start + bytes;
  }
}

function decoded(file: string, at: number, data: Uint8Array): MarketRecord {
  const record = decodeMarketRecord(data);
  if (record.kind !== 'record') throw invalid(file, `at=${at} ${JSON.stringify(record)}`);
  return record.record;
}

function invalid(file: string, detail: string): MillraceError {
  return new MillraceError('fatal', 'ARCHIVE_OBJECT_INVALID', `file=${file} ${detail}`);
}
