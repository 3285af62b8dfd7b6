import type { MarketMessage } from '#core/market/market-message.ts';
import { frameInvalid, isObject, parseFrame } from '../connection/frame-fields.ts';
import { type RawEvent, readRequestAnswer } from './stream-messages.ts';

type Emit = (message: MarketMessage) => void;

interface RawEnvelope extends RawEvent {
  readonly stream?: unknown;
  readonly data?: unknown;
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly code?: unknown;
}

/** What a market makes of its events. */
export interface EventReader {
  /** Reads a hot frame from its bytes; false leaves it to the parser. Null: nobody takes numbers. */
  readonly scan: ((frame: Buffer) => boolean) | null;
  /** Whether an unwrapped object is an event. */
  isEvent(raw: RawEvent): boolean;
  /** `stream` is null where the frame does not name it. */
  onEvent(raw: RawEvent, stream: string | null, emit: Emit): void;
}

/** Reads combined (`{"stream","data"}`) and raw frames, events of one or in lists, and answers to requests. Throws `FRAME_INVALID`. */
export function createStreamDecoder({ scan, isEvent, onEvent }: EventReader): (frame: Buffer, emit: Emit) => void {
  function events(value: unknown, stream: string | null, emit: Emit): void {
    if (Array.isArray(value)) for (const each of value) onEvent(requireEvent(each), stream, emit);
    else onEvent(requireEvent(value), stream, emit);
  }

  return (frame, emit) => {
    if (scan?.(frame) === true) return;
    const value = parseFrame(frame);
    if (Array.isArray(value)) {
      events(value, null, emit);
      return;
    }
    if (!isObject(value)) throw frameInvalid('not an object');
    const envelope: RawEnvelope = value;
    if (typeof envelope.stream === 'string') {
      events(envelope.data, envelope.stream, emit);
    } else if (isEvent(envelope)) {
      onEvent(envelope, null, emit);
    } else if (envelope.id !== undefined || envelope.error !== undefined || envelope.code !== undefined) {
      const answer = readRequestAnswer(value);
      if (answer !== null) emit(answer);
    } else {
      throw frameInvalid('neither a stream, an event nor an answer');
    }
  };
}

function requireEvent(value: unknown): RawEvent {
  if (isObject(value)) return value;
  throw frameInvalid('data is not an object');
}
