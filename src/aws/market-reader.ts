import { type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { Candle, CandleInterval } from '#core/market/candles.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { CANDLE_ITEM, candleSort, LATEST_ITEM, LATEST_SORT, type Latest, marketPartition } from './market-items.ts';

/** What the pipeline has made of the market stream. Items that cannot be read throw `MARKET_ITEM_INVALID`. */
export interface MarketReader {
  /** The newest trade, quote, ticker and place in the book; null where none has come yet. */
  latest(venue: VenueId, symbol: string): Promise<Latest>;
  /** The venue's sequence number up to which any engine's book has come through the stream, or null before any. */
  lastBookSequence(venue: VenueId, symbol: string): Promise<string | null>;
  /** Candles from `from` to `to` (both included), oldest first; an interval without trades has none. */
  candles(
    venue: VenueId,
    symbol: string,
    interval: CandleInterval,
    from: EpochMs,
    to: EpochMs,
  ): Promise<readonly Candle[]>;
}

export function createMarketReader(client: DynamoDBDocumentClient, table: string): MarketReader {
  async function latest(venue: VenueId, symbol: string): Promise<Latest> {
    const { Item = {} } = await client.send(
      new GetCommand({
        TableName: table,
        Key: { pk: marketPartition(venue, symbol), sk: LATEST_SORT },
        ConsistentRead: true,
      }),
    );
    const parsed = LATEST_ITEM.safeParse(Item);
    if (!parsed.success) throw invalid(`${venue} ${symbol}`, parsed.error);
    return parsed.data;
  }

  return {
    latest,
    async lastBookSequence(venue, symbol) {
      const { book } = await latest(venue, symbol);
      return book === null ? null : String(book.lastSequence);
    },
    async candles(venue, symbol, interval, from, to) {
      const candles: Candle[] = [];
      let start: Record<string, unknown> | undefined;
      do {
        const page = await client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
            ExpressionAttributeValues: {
              ':pk': marketPartition(venue, symbol),
              ':from': candleSort(interval, from),
              ':to': candleSort(interval, to),
            },
            ConsistentRead: true,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        for (const item of page.Items ?? []) {
          const parsed = CANDLE_ITEM.safeParse(item);
          if (!parsed.success) throw invalid(String(item.sk), parsed.error);
          const { version: _, ...candle } = parsed.data;
          candles.push(candle);
        }
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
      return candles;
    },
  };
}

function invalid(what: string, error: z.ZodError): MillraceError {
  return new MillraceError('fatal', 'MARKET_ITEM_INVALID', `${what} ${z.prettifyError(error)}`);
}
