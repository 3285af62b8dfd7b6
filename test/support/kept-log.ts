import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { archiveObjectOf } from '#aws/archive.ts';
import type { MarketFrame, MarketRecord } from '#aws/market-record.ts';
import type { MarketConnection } from '#core/events/publisher-port.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';
import { encodeRecord } from './market-record-builder.ts';
import { MemoryPublisher } from './memory-publisher.ts';

/** Frames of a record. */
const RECORD_FRAMES = 500;

/** What an engine publishes, kept as its archive would have it. */
export interface KeptLog {
  readonly publisher: MemoryPublisher;
  /** Writes the archive objects into a folder. `keeps`: whether a frame or line arrived there; default: all did. */
  write(folder: string, keeps?: (connection: MarketConnection, frame: MarketFrame) => boolean): void;
}

export function createKeptLog(engine = 'engine-test', startedAt = 1_700_000_000_000): KeptLog {
  const connections = new Map<MarketConnection, MarketFrame[]>();
  return {
    publisher: new MemoryPublisher((connection, frame) => {
      const frames = connections.get(connection) ?? [];
      connections.set(connection, frames);
      frames.push({ ...frame, bytes: Buffer.from(frame.bytes) });
    }),
    write(folder, keeps = () => true) {
      for (const [connection, all] of connections) {
        const kept = all.filter((frame) => keeps(connection, frame));
        for (const frames of runsOf(kept)) store(folder, { engine, startedAt }, connection, frames);
      }
    },
  };
}

/** Frames of one record follow each other. */
function* runsOf(frames: readonly MarketFrame[]): Generator<MarketFrame[]> {
  let run: MarketFrame[] = [];
  for (const frame of frames) {
    const last = run.at(-1);
    if (last !== undefined && (frame.sequence !== last.sequence + 1 || run.length === RECORD_FRAMES)) {
      yield run;
      run = [];
    }
    run.push(frame);
  }
  if (run.length > 0) yield run;
}

function store(
  folder: string,
  origin: { readonly engine: string; readonly startedAt: number },
  { venue, connection, epoch, anchor }: MarketConnection,
  frames: readonly MarketFrame[],
): void {
  const record: MarketRecord = {
    ...origin,
    venue,
    connection,
    epoch,
    firstSequence: frames[0]?.sequence ?? 1,
    anchor: anchor ?? { mono: 0 as MonoNanos, epoch: 0 as EpochMs },
    frames,
  };
  const { key, body } = archiveObjectOf([{ record, data: encodeRecord(record) }]);
  const file = path.join(folder, key);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, body);
}
