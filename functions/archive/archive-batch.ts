import type { S3Client } from '@aws-sdk/client-s3';
import { archiveObjectOf, storeArchiveObject } from '#aws/archive.ts';
import type { Log } from '#aws/log.ts';
import { originKey } from '#aws/market-record.ts';
import type { ReceivedRecord } from '#aws/market-stream.ts';
import type { PlacedMessage } from '#aws/ordered-stream-processor.ts';
import { messageOf } from '#core/errors.ts';

/** One object for each connection of the batch. Returns the lowest sequence number of what could not be stored, or null. */
export async function archiveBatch(
  messages: readonly PlacedMessage<ReceivedRecord>[],
  parts: { readonly s3: S3Client; readonly bucket: string; readonly log: Log; readonly count: (name: string) => void },
): Promise<string | null> {
  const byConnection = Map.groupBy(messages, ({ message }) => originKey(message.record));
  const failed = new Set<PlacedMessage<ReceivedRecord>>();
  await Promise.all(
    [...byConnection.values()].map(async (group) => {
      const object = archiveObjectOf(group.map(({ message }) => message));
      try {
        await storeArchiveObject(parts.s3, parts.bucket, object);
        parts.count('ObjectsStored');
      } catch (error) {
        parts.log('error', 'archive object not stored', { key: object.key, reason: messageOf(error) });
        for (const message of group) failed.add(message);
      }
    }),
  );
  // The messages are in the order of the stream: the first that failed is the lowest.
  return messages.find((message) => failed.has(message))?.place.sequenceNumber ?? null;
}
