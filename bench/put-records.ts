import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { createKinesisClient } from '#aws/clients.ts';
import { kinesisPutRecords, type StreamRecord } from '#aws/publisher/put-records.ts';
import { type Bar, type Benchmark, type BenchmarkRow, quantile } from './benchmark.ts';

const ROUNDS = 5;
const WARM_UP = 20;
const REQUESTS = 60;
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };
const CPU = 'CPU µs a request';
const CHOSEN = 'HTTP/1.1, kept connections (chosen)';
const DEFAULT = "HTTP/2, the SDK's default";

/** Takes every request of PutRecords, over HTTP/1.1 and over HTTP/2, on a thread of its own so that its work is not counted. */
const TAKES_ALL = `
  const { createServer } = require('node:http');
  const http2 = require('node:http2');
  const { parentPort } = require('node:worker_threads');
  const answer = (request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (part) => { body += part; }).on('end', () => {
      const count = body.split('"PartitionKey"').length - 1;
      const records = new Array(count).fill('{"SequenceNumber":"1","ShardId":"s"}').join(',');
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end('{"FailedRecordCount":0,"Records":[' + records + ']}');
    });
  };
  const one = createServer(answer).listen(0, '127.0.0.1', () => {
    const two = http2.createServer(answer).listen(0, '127.0.0.1', () =>
      parentPort.postMessage([one.address().port, two.address().port]));
  });
`;

/** What a request to a stream costs by the HTTP handlers that the SDK can have: `src/aws/clients.ts` goes by it. */
export const putRecordsBenchmark: Benchmark = {
  name: 'put-records',
  what: 'one PutRecords request by the SDK, signed, answered and checked, one after the other: CPU of the sending thread, plain HTTP',
  async run() {
    const server = new Worker(TAKES_ALL, { eval: true });
    const [[one, two]] = (await once(server, 'message')) as [[number, number]];
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    });
    delete process.env.AWS_ENDPOINT_URL;
    const plain = new KinesisClient({
      endpoint: `http://127.0.0.1:${two}`,
      region: 'us-east-1',
      credentials: CREDENTIALS,
      maxAttempts: 1,
    });
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${one}`;
    const ours = createKinesisClient({ maxAttempts: 1 });
    try {
      const rows: BenchmarkRow[] = [];
      for (const [what, records] of BATCHES) {
        rows.push(
          ...(await interleaved(what, records, [
            [CHOSEN, ours],
            [DEFAULT, plain],
          ])),
        );
      }
      return rows;
    } finally {
      ours.destroy();
      plain.destroy();
      await server.terminate();
    }
  },
  bars: (rows) =>
    BATCHES.map(([what]): Bar => {
      const cpu = (handler: string) =>
        rows.find(({ label }) => label === `${what}: ${handler}`)?.figures?.[CPU] ?? Number.NaN;
      return {
        what: `${what}, CPU of the chosen handler beside the default's`,
        measured: cpu(CHOSEN) / cpu(DEFAULT),
        most: 1,
      };
    }),
};

/** As the market stream is written (few large records), and as the trading stream is when much happens. */
const BATCHES: readonly (readonly [what: string, records: readonly StreamRecord[]])[] = [
  ['1 record of 50 KB', recordsOf(1, 50_000)],
  ['500 records of 1 KB', recordsOf(500, 1_000)],
];

function recordsOf(count: number, bytes: number): readonly StreamRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    key: `key/${index}`,
    data: Uint8Array.from({ length: bytes }, (__, at) => (at * 31 + index) & 0xff),
  }));
}

async function interleaved(
  what: string,
  records: readonly StreamRecord[],
  clients: readonly (readonly [handler: string, client: KinesisClient])[],
): Promise<readonly BenchmarkRow[]> {
  const { signal } = new AbortController();
  const measured = clients.map(([handler, client]) => ({
    handler,
    put: kinesisPutRecords(client, 'market'),
    wall: [] as number[],
    cpu: [] as number[],
  }));
  for (const { put } of measured) for (let warm = 0; warm < WARM_UP; warm += 1) await put(records, signal);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { put, wall, cpu } of measured) {
      const [began, before] = [process.hrtime.bigint(), process.threadCpuUsage()];
      for (let count = 0; count < REQUESTS; count += 1) await put(records, signal);
      const { user, system } = process.threadCpuUsage(before);
      wall.push(Number(process.hrtime.bigint() - began) / REQUESTS);
      cpu.push((user + system) / REQUESTS);
    }
  }
  const median = (values: readonly number[]) => quantile(Float64Array.from(values), 0.5);
  return measured.map(({ handler, wall, cpu }) => ({
    label: `${what}: ${handler}`,
    meanNs: median(wall),
    figures: { [CPU]: median(cpu) },
  }));
}
