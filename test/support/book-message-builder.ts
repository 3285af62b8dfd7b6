import type { BookMessage, LevelText } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';

const TIME = 1_723_161_256_298 as EpochMs;

interface BookFields {
  readonly bids?: readonly LevelText[];
  readonly asks?: readonly LevelText[];
  readonly symbol?: string;
}

/** A Binance diff: `U`, `u`, `pu`. */
export function diff(first: number, last: number, previous: number, fields: BookFields = {}): BookMessage {
  return message(fields, { isSnapshot: false, firstSequence: first, lastSequence: last, previousSequence: previous });
}

/** A Bybit delta: `u`. */
export function delta(update: number, fields: BookFields = {}): BookMessage {
  return message(fields, { isSnapshot: false, firstSequence: update, lastSequence: update, previousSequence: null });
}

/** A snapshot of either venue: `lastUpdateId` or `u`. */
export function snapshot(sequence: number, fields: BookFields = {}): BookMessage {
  return message(fields, {
    isSnapshot: true,
    firstSequence: sequence,
    lastSequence: sequence,
    previousSequence: null,
  });
}

function message(
  fields: BookFields,
  sequences: Pick<BookMessage, 'isSnapshot' | 'firstSequence' | 'lastSequence' | 'previousSequence'>,
): BookMessage {
  return {
    type: 'book',
    symbol: fields.symbol ?? 'BTCUSDT',
    bids: fields.bids ?? [],
    asks: fields.asks ?? [],
    exchangeTime: TIME,
    ...sequences,
  };
}
