import { S3Client } from '@aws-sdk/client-s3';

export interface FakeS3 {
  readonly client: S3Client;
  /** Objects by `<bucket>/<key>`. */
  readonly objects: Map<string, Buffer>;
  /** Asked before each request; true: it fails. */
  fails: (method: string, path: string) => boolean;
  /** Keys on one page of a list. */
  pageSize: number;
}

/** Buckets in memory behind the real client: puts, gets, deletes and lists are read and answered as the service does. */
export function createFakeS3(): FakeS3 {
  const objects = new Map<string, Buffer>();

  function answer(
    method: string,
    path: string,
    query: Record<string, unknown>,
    body: Buffer,
  ): { status: number; body: Buffer } {
    if (fake.fails(method, path)) return { status: 500, body: xml('<Error><Code>InternalError</Code></Error>') };
    const name = decodeURIComponent(path.slice(1));
    if (method === 'PUT') {
      objects.set(name, body);
      return { status: 200, body: Buffer.alloc(0) };
    }
    if (method === 'DELETE') {
      objects.delete(name);
      return { status: 204, body: Buffer.alloc(0) };
    }
    if (method === 'GET' && query['list-type'] === '2')
      return { status: 200, body: list(name.replace(/\/$/, ''), query) };
    const found = objects.get(name);
    if (found === undefined) return { status: 404, body: xml('<Error><Code>NoSuchKey</Code></Error>') };
    return { status: 200, body: found };
  }

  function list(bucket: string, query: Record<string, unknown>): Buffer {
    const prefix = `${bucket}/${String(query.prefix ?? '')}`;
    const from = String(query['continuation-token'] ?? '');
    const keys = [...objects.keys()]
      .filter((name) => name.startsWith(prefix))
      .map((name) => name.slice(bucket.length + 1))
      .filter((key) => key > from)
      .sort();
    const page = keys.slice(0, fake.pageSize);
    const more = keys.length > page.length;
    const contents = page.map((key) => `<Contents><Key>${key}</Key></Contents>`).join('');
    const token = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return xml(`<ListBucketResult><IsTruncated>${more}</IsTruncated>${token}${contents}</ListBucketResult>`);
  }

  const client = new S3Client({
    region: 'eu-west-1',
    endpoint: 'http://fake.invalid',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    requestHandler: {
      async handle(request: { method: string; path: string; query: Record<string, unknown>; body?: unknown }) {
        const { body } = request;
        const bytes = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : Buffer.alloc(0);
        const reply = answer(request.method, request.path, request.query, bytes);
        return {
          response: {
            statusCode: reply.status,
            headers: { 'content-type': 'application/xml' },
            body: new Blob([new Uint8Array(reply.body)]).stream(),
          },
        };
      },
    },
  });
  const fake: FakeS3 = { client, objects, fails: () => false, pageSize: 1000 };
  return fake;
}

function xml(content: string): Buffer {
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${content}`);
}
