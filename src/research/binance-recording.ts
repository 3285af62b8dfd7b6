import { MillraceError } from '#core/errors.ts';
import type { BookMessage } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { type RawDepthSnapshot, readDepthSnapshot } from '#venues/binance/stream-messages.ts';
import { isObject, parseFrame } from '#venues/connection/frame-fields.ts';

const SNAPSHOT_KEY = Buffer.from('"lastUpdateId"');
/** The key stands at the beginning, behind the stream's name at most. */
const KEY_WITHIN = 256;
const MAX_WAITING = 16;

interface WaitingSnapshot {
  readonly raw: RawDepthSnapshot;
  readonly receivedAt: EpochMs | null;
}

interface RawEnvelope extends RawDepthSnapshot {
  readonly stream?: unknown;
  readonly data?: unknown;
}

/**
 * REST depth snapshots among the frames of a recording. They do not name their symbol: it is in the address of the answer, in the name of the stream that
 * the recorder gave it, or it is the only symbol whose diffs the recording has; a snapshot that comes before any diff waits for the first one.
 */
export class RecordedDepthSnapshots {
  readonly #symbols = new Set<string>();
  #waiting: WaitingSnapshot[] = [];

  /** Whether a frame may be one. */
  static looksLike(frame: Buffer): boolean {
    return frame.subarray(0, KEY_WITHIN).includes(SNAPSHOT_KEY);
  }

  /** Reads a snapshot; null if it has to wait for its symbol. Throws a `validation` error for one that cannot be read or told apart. */
  read(frame: Buffer, url: string | null, receivedAt: EpochMs | null): BookMessage | null {
    const value = parseFrame(frame);
    const envelope: RawEnvelope = isObject(value) ? value : {};
    const raw: RawDepthSnapshot = isObject(envelope.data) ? envelope.data : envelope;
    const stream = typeof envelope.stream === 'string' ? envelope.stream : '';
    const symbol = symbolOfUrl(url) ?? symbolOfStream(stream) ?? this.#onlySymbol();
    if (symbol !== null) return readDepthSnapshot(raw, symbol, receivedAt);
    readDepthSnapshot(raw, '?', receivedAt);
    if (this.#waiting.length >= MAX_WAITING) {
      throw new MillraceError('validation', 'SNAPSHOT_SYMBOL', `snapshots=${MAX_WAITING} came before any diff`);
    }
    this.#waiting.push({ raw, receivedAt });
    return null;
  }

  /** A diff of this symbol is next: the snapshots that waited for it come first. */
  beforeDiff(symbol: string): readonly BookMessage[] {
    this.#symbols.add(symbol);
    if (this.#waiting.length === 0) return [];
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting.map(({ raw, receivedAt }) => readDepthSnapshot(raw, symbol, receivedAt));
  }

  /** Snapshots that never learnt their symbol. */
  get waiting(): number {
    return this.#waiting.length;
  }

  #onlySymbol(): string | null {
    if (this.#symbols.size > 1) {
      throw new MillraceError(
        'validation',
        'SNAPSHOT_SYMBOL',
        `the snapshot does not name its symbol, and the recording has ${this.#symbols.size}`,
      );
    }
    const [only] = this.#symbols;
    return only ?? null;
  }
}

function symbolOfUrl(url: string | null): string | null {
  if (url === null || !URL.canParse(url)) return null;
  return new URL(url).searchParams.get('symbol')?.toUpperCase() ?? null;
}

/** `btcusdt@depthSnapshot` → `BTCUSDT` */
function symbolOfStream(stream: string): string | null {
  const at = stream.indexOf('@');
  return at > 0 ? stream.slice(0, at).toUpperCase() : null;
}
