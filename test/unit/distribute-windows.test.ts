import { describe, expect, it } from 'vitest';
import type { MarketRecord } from '#aws/market-record.ts';
import { asJoining, withWindow } from '#core/market/connection-window.ts';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import type { MarketMessage } from '#core/market/market-message.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { ConnectionDecoders, digestRecords } from '#functions/distribute/market-digest.ts';
import { buildRecord } from '../support/market-record-builder.ts';

const MOMENT = 1_700_000_000_000 as EpochMs;

const plainVenue = {
  marketData: {
    createDecoder: () => (frame: Buffer, emit: (message: MarketMessage) => void) =>
      emit(JSON.parse(frame.toString()) as MarketMessage),
  },
};
const plainVenues = Object.fromEntries(VENUES.map((venue) => [venue, plainVenue])) as Record<
  VenueId,
  typeof plainVenue
>;

/** The same trades, one each second around the moment, as one connection recorded them. */
function recorded(connection: string): MarketRecord {
  const frames = Array.from({ length: 10 }, (_, index) => {
    const exchangeTime = MOMENT + (index - 5) * 1_000;
    return JSON.stringify({
      type: 'trade',
      symbol: 'BTCUSDT',
      id: String(index),
      price: '1',
      size: '1',
      side: 'buy',
      exchangeTime,
    });
  });
  return { ...buildRecord(frames), connection };
}

describe('distribution while a socket is replaced', () => {
  it('T4, M8: trades that two connections recorded go into candles once', () => {
    const records = [
      recorded(withWindow('e/v/public', { from: null, until: MOMENT })),
      recorded(withWindow('e/v/public/1', { from: MOMENT, until: null })),
      recorded(asJoining('e/v/public/2')),
    ];
    const { trades, frames } = digestRecords(records, new ConnectionDecoders(plainVenues));
    expect(frames).toBe(30);
    const times = trades.flatMap(({ batch }) => batch.trades.map(({ exchangeTime }) => exchangeTime)).sort();
    expect(times).toEqual(Array.from({ length: 10 }, (_, index) => MOMENT + (index - 5) * 1_000));
  });

  it('a connection without a window counts as it always did', () => {
    const { trades } = digestRecords([recorded('e/v/public')], new ConnectionDecoders(plainVenues));
    expect(trades.flatMap(({ batch }) => batch.trades).length).toBe(10);
  });
});
