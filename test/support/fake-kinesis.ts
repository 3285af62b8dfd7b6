import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakePut {
  readonly stream: string;
  readonly key: string;
  readonly data: Buffer;
}

/** How a PutRecords request is answered: `fail` says which records are refused one by one. */
export type FakeKinesisAnswer =
  | { readonly kind: 'take'; readonly fail?: (index: number) => boolean }
  | { readonly kind: 'error'; readonly status: number }
  /** Takes the records and closes the connection without an answer. */
  | { readonly kind: 'takeAndHangUp' };

export interface FakeKinesis {
  readonly endpoint: string;
  readonly taken: FakePut[];
  requests: number;
  answer: (stream: string) => FakeKinesisAnswer;
  close(): Promise<void>;
}

/** PutRecords over HTTP on an ephemeral port of this machine. */
export async function startFakeKinesis(): Promise<FakeKinesis> {
  const server: Server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as {
      StreamName: string;
      Records: { PartitionKey: string; Data: string }[];
    };
    fake.requests += 1;
    const answer = fake.answer(body.StreamName);
    if (answer.kind === 'error') {
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: 'InternalFailure', message: 'scripted' }));
      return;
    }
    let failed = 0;
    const records = body.Records.map(({ PartitionKey, Data }, index) => {
      if (answer.kind === 'take' && answer.fail?.(index) === true) {
        failed += 1;
        return { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'scripted' };
      }
      fake.taken.push({ stream: body.StreamName, key: PartitionKey, data: Buffer.from(Data, 'base64') });
      return { SequenceNumber: String(fake.taken.length), ShardId: 'shardId-000000000000' };
    });
    if (answer.kind === 'takeAndHangUp') {
      request.socket.destroy();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ FailedRecordCount: failed, Records: records }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeKinesis = {
    endpoint: `http://127.0.0.1:${port}`,
    taken: [],
    requests: 0,
    answer: () => ({ kind: 'take' }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
