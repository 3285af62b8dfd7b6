import { createKinesisClient, createS3Client, createSqsClient } from '#aws/clients.ts';
import { createLog } from '#aws/log.ts';
import { readEnvironment } from '../environment.ts';
import { REDRIVE_REQUEST, type RedriveAnswer, redriveRecords } from './redrive-records.ts';

const settings = readEnvironment(
  ['MILLRACE_ENVIRONMENT', 'MILLRACE_BUILD', 'MILLRACE_QUARANTINE_BUCKET', 'MILLRACE_QUARANTINE_QUEUE'],
  process.env,
);
const parts = {
  s3: createS3Client(),
  kinesis: createKinesisClient(),
  sqs: createSqsClient(),
  bucket: settings.MILLRACE_QUARANTINE_BUCKET,
  queueUrl: settings.MILLRACE_QUARANTINE_QUEUE,
  log: createLog({
    service: 'redrive',
    fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
  }),
};

/** Puts quarantined records back on their streams: `{"keys": […]}` or `{"fromQueue": n}`. Invoked by a person, after the cause is gone. */
export async function handler(event: unknown): Promise<RedriveAnswer> {
  return redriveRecords(REDRIVE_REQUEST.parse(event), parts);
}
