import { MillraceError } from '#core/errors.ts';
import { type Fields, idField, isFields, textField } from './json-fields.ts';
import type { VenueFrame } from './venue-frame.ts';

const QUOTE = 34;
const BACKSLASH = 92;
const OPENING: ReadonlySet<number> = new Set([91, 123]);
const CLOSING: ReadonlySet<number> = new Set([93, 125]);
const COMMA = 44;

/**
 * A frame of Alpaca is a list of messages, of any symbols and kinds. Each message as a frame of its own, a list of one, from the bytes as they stand; what is no list, and
 * a list of one, stays as it is.
 */
export function splitAlpacaFrame(bytes: Uint8Array): readonly Uint8Array[] {
  const starts: number[] = [];
  const ends: number[] = [];
  let depth = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (inText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (OPENING.has(byte)) {
      depth += 1;
      if (depth === 1) starts.push(at + 1);
    } else if (CLOSING.has(byte)) {
      depth -= 1;
      if (depth === 0) ends.push(at);
    } else if (byte === COMMA && depth === 1) {
      ends.push(at);
      starts.push(at + 1);
    }
  }
  if (bytes[0] !== 91 || depth !== 0 || inText || starts.length < 2 || starts.length !== ends.length) return [bytes];
  return starts.map((start, index) => {
    const message = bytes.subarray(start, ends[index]);
    return Buffer.concat([Buffer.from('['), message, Buffer.from(']')]);
  });
}

/** Reads a frame of one message (Alpaca documentation, "Real-time stock data"). Throws `FRAME_SYNTAX` and `FRAME_FIELD`. */
export function parseAlpacaFrame(bytes: Uint8Array): VenueFrame {
  const message = onlyMessage(bytes);
  if (message === null) return { kind: 'control' };
  const kind = textField(message, 'T');
  const [list, channel] = STREAMS[kind] ?? [];
  if (list === undefined || channel === undefined) return { kind: 'control' };
  const symbol = kind === 'n' ? symbolOfNews(message) : textField(message, 'S');
  const venueTimeMs = timeOf(message);
  const frame = { kind: 'frame', symbol, channel, stream: `${list}.${symbol}`, venueTimeMs } as const;
  switch (kind) {
    case 'q': {
      const bid = [textField(message, 'bp'), textField(message, 'bs')] as const;
      const ask = [textField(message, 'ap'), textField(message, 'as')] as const;
      const sides = { bids: isLevel(bid) ? [bid] : [], asks: isLevel(ask) ? [ask] : [] };
      // The whole book each time; the venue numbers none.
      return {
        ...frame,
        content: { kind: 'book', isSnapshot: true, ...sides, first: 0, last: 0, previous: null, depth: 1 },
      };
    }
    case 't': {
      const trade = { id: idField(message, 'i'), price: textField(message, 'p'), size: textField(message, 's') };
      return { ...frame, content: { kind: 'trades', feed: 'single', trades: [{ ...trade, takerSide: null }] } };
    }
    default:
      return { ...frame, content: null };
  }
}

const STREAMS: Readonly<
  Record<string, readonly [list: string, channel: 'book' | 'trades' | 'candles' | 'status' | 'news']>
> = {
  q: ['quotes', 'book'],
  t: ['trades', 'trades'],
  b: ['bars', 'candles'],
  s: ['statuses', 'status'],
  n: ['news', 'news'],
};

/** The one message, with its numbers as the text that stands in the frame; null for a list of none. */
function onlyMessage(bytes: Uint8Array): Fields | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text, (_key, each: unknown, context?: { readonly source?: string }) =>
      typeof each === 'number' ? (context?.source ?? String(each)) : each,
    );
  } catch (error) {
    throw unreadable(text, error);
  }
  if (!Array.isArray(value) || value.length > 1) throw unreadable(text);
  const message: unknown = value[0];
  if (message === undefined) return null;
  if (!isFields(message)) throw unreadable(text);
  return message;
}

function unreadable(text: string, cause?: unknown): MillraceError {
  return new MillraceError('validation', 'FRAME_SYNTAX', `frame=${JSON.stringify(text.slice(0, 60))}`, { cause });
}

function isLevel([price, size]: readonly [string, string]): boolean {
  return Number(price) > 0 && Number(size) > 0;
}

function symbolOfNews(message: Fields): string {
  const symbols = message.symbols;
  return Array.isArray(symbols) && typeof symbols[0] === 'string' ? symbols[0] : '*';
}

function timeOf(message: Fields): number | null {
  const text = message.t ?? message.updated_at;
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN;
  return Number.isFinite(time) ? time : null;
}
