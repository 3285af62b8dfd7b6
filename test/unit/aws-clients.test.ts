import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  createDynamoDbClient,
  createKinesisClient,
  createParameterClient,
  createS3Client,
  createSecretsClient,
  createSnsClient,
  createSqsClient,
  createStepFunctionsClient,
} from '#aws/clients.ts';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterEach(() => vi.unstubAllEnvs());

test('every client keeps its connections, by HTTP/1.1, and limits the time of a request', () => {
  const clients = [
    createDynamoDbClient(),
    createKinesisClient(),
    createParameterClient(),
    createS3Client(),
    createSecretsClient(),
    createSnsClient(),
    createSqsClient(),
    createStepFunctionsClient(),
  ];
  for (const { config } of clients) expect(config.requestHandler).toBeInstanceOf(NodeHttpHandler);
});

test('requests go to the endpoint of the environment, over one connection, S3 by path', async () => {
  const seen: string[] = [];
  const sockets = new Set<unknown>();
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    seen.push(`${request.httpVersion} ${request.method} ${request.url}`);
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(request.method === 'POST' ? '{"FailedRecordCount":0,"Records":[]}' : 'content');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const kinesis = createKinesisClient();
  const s3 = createS3Client();
  try {
    for (let count = 0; count < 3; count += 1)
      await kinesis.send(
        new PutRecordsCommand({ StreamName: 's', Records: [{ PartitionKey: 'k', Data: Buffer.from('x') }] }),
      );
    expect(sockets.size).toBe(1);
    const answer = await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'a/b' }));
    expect(await answer.Body?.transformToString()).toBe('content');
    expect(seen).toEqual([...new Array(3).fill('1.1 POST /'), expect.stringMatching(/^1\.1 GET \/bucket\/a\/b/)]);
  } finally {
    kinesis.destroy();
    s3.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a request that is not answered ends', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const kinesis = createKinesisClient({ requestTimeoutMs: 100, maxAttempts: 1 });
  try {
    await expect(
      kinesis.send(
        new PutRecordsCommand({ StreamName: 's', Records: [{ PartitionKey: 'k', Data: Buffer.from('x') }] }),
      ),
    ).rejects.toMatchObject({ name: 'TimeoutError' });
  } finally {
    kinesis.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
