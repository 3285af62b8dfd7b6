import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeMarketRecord, originKey } from '#aws/market-record.ts';

/** What arrived at the streams. */
export interface StreamCounts {
  readonly requests: number;
  readonly bytes: number;
  readonly marketRecords: number;
  /** Frames, each identity once. */
  readonly frames: number;
  /** Frames that came again: a request whose answer was lost. */
  readonly repeated: number;
  readonly malformed: number;
  readonly tradingRecords: number;
  /** What each partition key brought, of both streams: one shard takes all of a key. */
  readonly keys: readonly { readonly key: string; readonly records: number; readonly bytes: number }[];
}

export interface CountingStream {
  readonly url: string;
  counts(): StreamCounts;
  close(): Promise<void>;
}

/** PutRecords over HTTP on a free port: takes everything, unpacks and counts it, and keeps nothing. */
export async function startCountingStream(): Promise<CountingStream> {
  const counts = { requests: 0, bytes: 0, marketRecords: 0, frames: 0, repeated: 0, malformed: 0, tradingRecords: 0 };
  const lastSequences = new Map<string, number>();
  const keys = new Map<string, { records: number; bytes: number }>();

  function take(stream: string, partitionKey: string, data: Buffer): void {
    counts.bytes += data.length;
    const name = `${stream} ${partitionKey}`;
    const sum = keys.get(name) ?? { records: 0, bytes: 0 };
    keys.set(name, { records: sum.records + 1, bytes: sum.bytes + data.length + partitionKey.length });
    if (stream === 'trading') {
      counts.tradingRecords += 1;
      return;
    }
    counts.marketRecords += 1;
    const decoded = decodeMarketRecord(data);
    if (decoded.kind !== 'record') {
      counts.malformed += 1;
      return;
    }
    const key = originKey(decoded.record);
    let last = lastSequences.get(key) ?? 0;
    for (const { sequence } of decoded.record.frames) {
      if (sequence <= last) counts.repeated += 1;
      else {
        counts.frames += 1;
        last = sequence;
      }
    }
    lastSequences.set(key, last);
  }

  const server = createServer(async (request, response) => {
    const { StreamName, Records } = JSON.parse(await text(request)) as {
      readonly StreamName: string;
      readonly Records: readonly { readonly Data: string; readonly PartitionKey: string }[];
    };
    counts.requests += 1;
    for (const { Data, PartitionKey } of Records) take(StreamName, PartitionKey, Buffer.from(Data, 'base64'));
    const answers = Records.map(() => ({ SequenceNumber: '1', ShardId: 'shardId-000000000000' }));
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify({ FailedRecordCount: 0, Records: answers }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    counts: () => ({ ...counts, keys: [...keys].map(([key, sum]) => ({ key, ...sum })) }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
