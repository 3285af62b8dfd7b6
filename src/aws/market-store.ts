import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import { type Candle, type CandleInterval, type TradeBatch, withTrades } from '#core/market/candles.ts';
import type { VenueId } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import {
  CANDLE_ITEM,
  candleSort,
  LATEST_SORT,
  type LatestContent,
  type LatestPart,
  marketPartition,
} from './market-items.ts';

/** What consumers of the market stream keep of a symbol. Every write may be repeated, and may come late. */
export interface MarketStore {
  /** Puts trades into their candle, each frame's once. False: it had them all. */
  addTrades(
    venue: VenueId,
    symbol: string,
    interval: CandleInterval,
    start: EpochMs,
    batch: TradeBatch,
  ): Promise<boolean>;
  /** Keeps a part of what is latest, unless something later is there. False: something later, or the same, was there. */
  keepLatest<Part extends LatestPart>(
    venue: VenueId,
    symbol: string,
    part: Part,
    latest: { readonly content: LatestContent<Part>; readonly precedence: string },
  ): Promise<boolean>;
}

/** Two writers of one candle at a time are rare: one shard has one. */
const ATTEMPTS = 8;
/** Candles of a second are for charts of the day; those of a minute stay. */
const KEPT_SECONDS: Readonly<Record<CandleInterval, number | null>> = { '1s': 2 * 24 * 3600, '1m': null };

export function createMarketStore(client: DynamoDBDocumentClient, table: string): MarketStore {
  async function readCandle(key: Record<string, string>): Promise<{ candle: Candle; version: number } | null> {
    const { Item } = await client.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }));
    if (Item === undefined) return null;
    const parsed = CANDLE_ITEM.safeParse(Item);
    if (!parsed.success)
      throw new MillraceError('fatal', 'CANDLE_ITEM_INVALID', `sort=${key.sk} ${z.prettifyError(parsed.error)}`);
    const { version, ...candle } = parsed.data;
    return { candle, version };
  }

  return {
    async addTrades(venue, symbol, interval, start, batch) {
      const key = { pk: marketPartition(venue, symbol), sk: candleSort(interval, start) };
      const kept = KEPT_SECONDS[interval];
      const expiry = kept === null ? {} : { expiresAt: Math.ceil(start / 1000) + kept };
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const stored = await readCandle(key);
        const candle = withTrades(stored?.candle ?? null, start, batch);
        if (candle === null) return false;
        const version = stored?.version ?? 0;
        try {
          await client.send(
            new PutCommand({
              TableName: table,
              Item: { ...key, ...candle, ...expiry, version: version + 1 },
              ConditionExpression: version === 0 ? 'attribute_not_exists(pk)' : '#version = :version',
              ...(version === 0
                ? {}
                : {
                    ExpressionAttributeNames: { '#version': 'version' },
                    ExpressionAttributeValues: { ':version': version },
                  }),
            }),
          );
          return true;
        } catch (error) {
          // Another wrote it meanwhile, or an own try did whose answer was lost: reading again tells which.
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
        }
      }
      throw new MillraceError('retryable', 'CANDLE_CONTENDED', `sort=${key.sk} attempts=${ATTEMPTS}`);
    },

    async keepLatest(venue, symbol, part, { content, precedence }) {
      try {
        await client.send(
          new UpdateCommand({
            TableName: table,
            Key: { pk: marketPartition(venue, symbol), sk: LATEST_SORT },
            UpdateExpression: 'SET #part = :part',
            ConditionExpression: 'attribute_not_exists(#part) OR #part.#precedence < :precedence',
            ExpressionAttributeNames: { '#part': part, '#precedence': 'precedence' },
            ExpressionAttributeValues: { ':part': { precedence, content }, ':precedence': precedence },
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
}
