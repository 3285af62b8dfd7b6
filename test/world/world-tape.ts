import type { InputLine } from '#core/input-log/input-log.ts';
import { feedOwner } from '#core/input-log/lease-log.ts';
import type { Now } from '#core/lanes/now.ts';
import type { BookChange } from '#core/market/scanned-message.ts';
import { type LogEntry, parseLine } from '#research/replay/log-entries.ts';
import { Replay } from '#research/replay/replay.ts';
import type { Venue } from '#venues/venue.ts';
import { venues } from '#venues/venues.ts';

/** The input log of one engine process of a world, with the books that it was given: what an archive would have of it. */
export class WorldTape {
  /** Of the one feed that a world's engine has. */
  static readonly FEED = '';
  readonly engine: string;
  /** As the engine has it: books of all worlds come alike. */
  readonly #venue: Venue;
  readonly #entries: LogEntry[] = [];
  readonly #decoder = new TextDecoder();

  constructor(engine: string, venue: Venue) {
    this.engine = engine;
    this.#venue = venue;
  }

  line(bytes: Uint8Array): void {
    const line: InputLine = parseLine(this.#decoder.decode(bytes));
    this.#entries.push({ kind: 'line', n: line.n, line });
  }

  message(n: number, now: Now, message: BookChange): void {
    this.#entries.push({ kind: 'message', n, feed: `${feedOwner(WorldTape.FEED)}|0`, now, message });
  }

  /** Takes the decisions again: why they are not the same, or null. */
  replay(): string | null {
    const { difference, hashes, windows } = new Replay(this.#played(), {
      venues: { ...venues, [this.#venue.id]: this.#venue },
    }).run();
    const broken = windows.find((each) => each.broken !== null);
    if (broken !== undefined) return `${this.engine}: ${broken.unit} cannot be replayed: ${broken.broken}`;
    if (difference !== null) return `${this.engine}: ${JSON.stringify(difference)}`;
    return hashes.recorded === hashes.replayed ? null : `${this.engine}: the hashes differ`;
  }

  /** With an end: whatever became of the process, nothing that it took is missing here. */
  *#played(): Generator<LogEntry> {
    yield* this.#entries;
    const last = this.#entries.at(-1)?.n ?? 0;
    const line: InputLine = { n: last, mono: 0, epoch: 0, kind: 'end', unit: 'engine', lane: null, body: null };
    yield { kind: 'line', n: last, line };
  }
}
