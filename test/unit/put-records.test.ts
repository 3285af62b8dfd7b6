import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, expect, test } from 'vitest';
import { kinesisPutRecords } from '#aws/publisher/put-records.ts';

const mock = mockClient(KinesisClient);
afterEach(() => mock.reset());

const put = kinesisPutRecords(new KinesisClient({ region: 'us-east-1' }), 'trading');
const records = ['a', 'b', 'c'].map((key) => ({ key, data: Buffer.from(key) }));
const signal = new AbortController().signal;

function failure(name: string, extra: object): Error {
  return Object.assign(new Error(name), { name, ...extra });
}

test('R9: refusals inside a good answer are told record by record', async () => {
  mock.on(PutRecordsCommand).resolves({
    FailedRecordCount: 2,
    Records: [
      { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'slow down' },
      { SequenceNumber: '1', ShardId: 's' },
      { ErrorCode: 'InternalFailure', ErrorMessage: 'oops' },
    ],
  });
  expect(await put(records, signal)).toEqual([
    { ok: false, code: 'ProvisionedThroughputExceededException' },
    { ok: true },
    { ok: false, code: 'InternalFailure' },
  ]);
  expect(mock.commandCalls(PutRecordsCommand)[0]?.args[0].input).toEqual({
    StreamName: 'trading',
    Records: records.map(({ key, data }) => ({ PartitionKey: key, Data: data })),
  });
});

test('R9: an answer that does not fit the request leaves open what was taken', async () => {
  mock.on(PutRecordsCommand).resolves({ FailedRecordCount: 0, Records: [{ SequenceNumber: '1', ShardId: 's' }] });
  await expect(put(records, signal)).rejects.toMatchObject({ class: 'unknown', code: 'PUT_RECORDS_ANSWER' });
});

test.each([
  ['no connection', failure('Error', { code: 'ECONNREFUSED' }), 'retryable'],
  ['a reset after sending', failure('Error', { code: 'ECONNRESET' }), 'unknown'],
  ['a timeout', failure('TimeoutError', {}), 'unknown'],
  ['a fault of the service', failure('InternalFailure', { $metadata: { httpStatusCode: 500 } }), 'unknown'],
  ['throttling', failure('ThrottlingException', { $metadata: { httpStatusCode: 400 } }), 'retryable'],
  ['no such stream', failure('ResourceNotFoundException', { $metadata: { httpStatusCode: 400 } }), 'configuration'],
  ['no permission', failure('AccessDeniedException', { $metadata: { httpStatusCode: 400 } }), 'configuration'],
  ['no credentials', failure('CredentialsProviderError', {}), 'configuration'],
])('S3: %s is classed by whether records may have been taken', async (_, error, errorClass) => {
  mock.on(PutRecordsCommand).rejects(error);
  await expect(put(records, signal)).rejects.toMatchObject({ class: errorClass, code: 'PUT_RECORDS_FAILED' });
});
