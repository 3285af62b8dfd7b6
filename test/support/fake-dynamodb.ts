import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { type AttributeMap, type AttributeValue, holds, updated } from './dynamodb-expression.ts';

/** What a test may do to a request: `refuse` it before it takes effect, or lose its answer after it did. */
export type FakeFault = 'none' | 'lostRequest' | 'lostAnswer' | 'throttled';

export interface FakeDynamoDb {
  readonly client: DynamoDBDocumentClient;
  /** The table's items, as stored, ordered by key. */
  items(): readonly AttributeMap[];
  /** Asked before each request. */
  fault: (operation: string) => FakeFault;
  /** Requests that arrived, by operation. */
  readonly requests: string[];
  /** Items that queries have answered with. */
  itemsRead: number;
  /** Puts items into the table as they are. */
  seed(items: readonly AttributeMap[]): void;
  /** Items a page of a query holds. */
  pageSize: number;
}

interface Request {
  readonly TableName: string;
  readonly Key?: AttributeMap;
  readonly Item?: AttributeMap;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: string;
  readonly ExclusiveStartKey?: AttributeMap;
}

/**
 * One table behind the real client: requests are read and answered in the service's own JSON protocol, conditions are evaluated,
 * so that marshalling, expressions and error paths of the adapters are the real ones. Single process, no time.
 */
export function createFakeDynamoDb(): FakeDynamoDb {
  const table = new Map<string, AttributeMap>();
  const keyOf = (item: AttributeMap) => `${item.pk?.S}\u0000${item.sk?.S}`;
  const sorted = () => [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);

  function run(operation: string, request: Request): { status: number; body: unknown } {
    const names = request.ExpressionAttributeNames ?? {};
    const values = request.ExpressionAttributeValues ?? {};
    const key = request.Key ?? request.Item ?? {};
    const old = table.get(keyOf(key));
    if (request.ConditionExpression !== undefined && !holds(request.ConditionExpression, old ?? {}, names, values)) {
      return {
        status: 400,
        body: {
          __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
          message: 'The conditional request failed',
          ...(request.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && old !== undefined ? { Item: old } : {}),
        },
      };
    }
    const returned = (after: AttributeMap | undefined) => {
      if (request.ReturnValues === 'ALL_OLD') return old === undefined ? {} : { Attributes: old };
      return request.ReturnValues === 'ALL_NEW' ? { Attributes: after } : {};
    };
    switch (operation) {
      case 'GetItem':
        return { status: 200, body: old === undefined ? {} : { Item: old } };
      case 'PutItem':
        table.set(keyOf(key), { ...key });
        return { status: 200, body: returned(key) };
      case 'DeleteItem':
        table.delete(keyOf(key));
        return { status: 200, body: returned(undefined) };
      case 'UpdateItem': {
        const after = updated(request.UpdateExpression ?? '', old ?? { ...key }, names, values);
        table.set(keyOf(key), after);
        return { status: 200, body: returned(after) };
      }
      case 'Query': {
        const start = request.ExclusiveStartKey === undefined ? '' : keyOf(request.ExclusiveStartKey);
        const matching = sorted().filter(
          (item) => holds(request.KeyConditionExpression ?? '', item, names, values) && keyOf(item) > start,
        );
        const page = matching.slice(0, fake.pageSize);
        fake.itemsRead += page.length;
        const last = page.at(-1);
        const more = matching.length > page.length && last !== undefined;
        return {
          status: 200,
          body: { Items: page, ...(more ? { LastEvaluatedKey: { pk: last.pk, sk: last.sk } } : {}) },
        };
      }
      default:
        throw new Error(`the fake knows no ${operation}`);
    }
  }

  async function answer(target: string, body: string): Promise<{ status: number; body: unknown }> {
    const operation = target.split('.')[1] ?? '';
    fake.requests.push(operation);
    const fault = fake.fault(operation);
    if (fault === 'throttled') {
      return {
        status: 400,
        body: {
          __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
          message: 'throttled',
        },
      };
    }
    if (fault === 'lostRequest') throw new Error('connection reset before the request');
    const done = run(operation, JSON.parse(body));
    if (fault === 'lostAnswer') throw new Error('connection reset before the answer');
    return done;
  }

  const low = new DynamoDBClient({
    region: 'eu-west-1',
    endpoint: 'http://fake.invalid',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: {
      async handle(request: { headers: Record<string, string>; body?: Uint8Array }) {
        const body = new TextDecoder().decode(request.body);
        const reply = await answer(request.headers['x-amz-target'] ?? '', body);
        const bytes = Buffer.from(JSON.stringify(reply.body));
        return {
          response: {
            statusCode: reply.status,
            headers: { 'content-type': 'application/x-amz-json-1.0' },
            body: new Blob([bytes]).stream(),
          },
        };
      },
    },
  });
  const fake: FakeDynamoDb = {
    client: DynamoDBDocumentClient.from(low),
    items: sorted,
    fault: () => 'none',
    requests: [],
    itemsRead: 0,
    seed(items) {
      for (const item of items) table.set(keyOf(item), item);
    },
    pageSize: 1000,
  };
  return fake;
}
