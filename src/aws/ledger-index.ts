import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { arrivalKey, INDEX_PREFIX, type IndexSubject } from '#core/ledger/ledger-index.ts';
import type { LedgerWrite } from '#core/ledger/ledger-write.ts';

/** Writes of the index that a recovery reads (`core/ledger/ledger-index.ts`). Each may be repeated: redelivery leaves the same items. */
export interface LedgerIndex {
  /** A fill or adjustment that arrived then, for the first time. */
  move(write: LedgerWrite, subject: Extract<IndexSubject, { kind: 'move' }>, arrivedAt: number): Promise<void>;
  opened(partition: string, subject: Extract<IndexSubject, { kind: 'order' }>): Promise<void>;
  ended(partition: string, subject: Extract<IndexSubject, { kind: 'order' }>, at: number): Promise<void>;
}

export function createLedgerIndex(client: DynamoDBDocumentClient, table: string): LedgerIndex {
  const update = (pk: string, sk: string, expression: string, name: string, value?: unknown) =>
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: { pk, sk },
        UpdateExpression: expression,
        ExpressionAttributeNames: { '#name': name },
        ...(value === undefined ? {} : { ExpressionAttributeValues: { ':value': value } }),
      }),
    );
  return {
    async move(write, { place, part, id }, arrivedAt) {
      const sort = `${INDEX_PREFIX.recent}${place}#${arrivalKey(arrivedAt)}#${part}#${id}`;
      const { precedence, writeId, content } = write;
      await update(write.partition, sort, 'SET #name = :value', part, { precedence, writeId, content });
    },
    async opened(partition, { place, orderId }) {
      await update(partition, `${INDEX_PREFIX.open}${place}`, 'SET #name = :value', orderId, true);
    },
    async ended(partition, { place, orderId }, at) {
      const sort = `${INDEX_PREFIX.ended}${place}#${arrivalKey(at)}#${orderId}`;
      // Told before it is taken from the open ones: in between it is in both, never in none.
      await update(partition, sort, 'SET #name = :value', 'order', orderId);
      await update(partition, `${INDEX_PREFIX.open}${place}`, 'REMOVE #name', orderId);
    },
  };
}
