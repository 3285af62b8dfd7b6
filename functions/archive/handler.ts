import { createS3Client } from '#aws/clients.ts';
import { parseMarketRecord } from '#aws/market-stream.ts';
import { createBatchProcessor } from '#aws/ordered-stream-processor.ts';
import { CONSUMER_VARIABLES, consumerParts } from '../consumer.ts';
import { readEnvironment } from '../environment.ts';
import { archiveBatch } from './archive-batch.ts';

const settings = readEnvironment([...CONSUMER_VARIABLES, 'MILLRACE_ARCHIVE_BUCKET'], process.env);
const parts = consumerParts('archive', settings);
const s3 = createS3Client();

/** Market records to the archive as they came, each connection of a batch an object. */
export const handler = createBatchProcessor({
  ...parts,
  parse: parseMarketRecord,
  handle: (messages) => archiveBatch(messages, { ...parts, s3, bucket: settings.MILLRACE_ARCHIVE_BUCKET }),
});
