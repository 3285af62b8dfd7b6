import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { z } from 'zod';
import { MillraceError } from '#core/errors.ts';
import type { TradingEvent } from '#core/events/trading-event.ts';
import { contradiction, type LedgerWrite, ledgerWriteOf, type StoredPart } from '#core/ledger/ledger-write.ts';

/**
 * What one event did to the ledger. `duplicate`: it (or its equal) was there already, an own retry after a timeout included. `superseded`: something
 * later is there. `notKept`: the ledger has no place for such events.
 */
export type LedgerOutcome = 'written' | 'duplicate' | 'superseded' | 'notKept';

export interface Ledger {
  /**
   * Applies one event, once, whatever the order of arrival. Throws `LEDGER_CONTRADICTION` (fatal) when it contradicts what is stored under the same
   * identity, after the write that decides which of the two stays. Faults of the service are thrown on as they are.
   */
  apply(event: TradingEvent): Promise<LedgerOutcome>;
}

const storedPart = z.object({
  precedence: z.string(),
  writeId: z.string(),
  content: z.record(z.string(), z.unknown()),
});

/** The ledger's table (string keys `pk`, `sk`): one item an order, fill, adjustment, balance or lane; each part of it an attribute of its own. */
export function createLedger(client: DynamoDBDocumentClient, table: string): Ledger {
  return {
    async apply(event) {
      const write = ledgerWriteOf(event);
      if (write === null) return 'notKept';
      try {
        const answer = await client.send(updateOf(table, write));
        const replaced = partOf(answer.Attributes, write.part);
        if (replaced !== null) refuseContradiction(write, replaced);
        return 'written';
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        const stored = partOf(error.Item === undefined ? undefined : unmarshall(error.Item), write.part);
        if (stored === null) {
          throw new MillraceError('retryable', 'LEDGER_WRITE_REFUSED', `sort=${write.sort} part=${write.part}`, {
            cause: error,
          });
        }
        refuseContradiction(write, stored);
        return stored.writeId === write.writeId || write.keep === 'earliest' ? 'duplicate' : 'superseded';
      }
    },
  };
}

/** The condition is `replaces` of core/ledger/ledger-write.ts in the service's words. */
function updateOf(table: string, write: LedgerWrite): UpdateCommand {
  const order = write.keep === 'latest' ? '<' : '>';
  return new UpdateCommand({
    TableName: table,
    Key: { pk: write.partition, sk: write.sort },
    UpdateExpression: 'SET #part = :part',
    ConditionExpression: `attribute_not_exists(#part) OR #part.#precedence ${order} :precedence`,
    ExpressionAttributeNames: { '#part': write.part, '#precedence': 'precedence' },
    ExpressionAttributeValues: {
      ':part': { precedence: write.precedence, writeId: write.writeId, content: write.content },
      ':precedence': write.precedence,
    },
    ReturnValues: 'ALL_OLD',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
}

function partOf(item: Record<string, unknown> | undefined, part: string): StoredPart | null {
  const found = item?.[part];
  if (found === undefined) return null;
  const parsed = storedPart.safeParse(found);
  if (!parsed.success) {
    throw new MillraceError('fatal', 'LEDGER_ITEM_INVALID', `part=${part} ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data;
}

function refuseContradiction(write: LedgerWrite, stored: StoredPart): void {
  const field = contradiction(write, stored);
  if (field === null) return;
  throw new MillraceError(
    'fatal',
    'LEDGER_CONTRADICTION',
    `sort=${write.sort} part=${write.part} field=${field} write=${write.writeId} stored=${stored.writeId}`,
  );
}
