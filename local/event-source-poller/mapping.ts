import {
  type EventSourceMappingConfiguration,
  type LambdaClient,
  paginateListEventSourceMappings,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { MillraceError } from '#core/errors.ts';
import type { BatchRules } from './stream-lane.ts';

/** A mapping as the deployment declared it. */
export type Mapping = StreamMapping | QueueMapping;

interface MappingBase {
  readonly id: string;
  readonly functionArn: string;
  readonly functionName: string;
  readonly sourceArn: string;
  /** Name of the stream or queue. */
  readonly sourceName: string;
  readonly region: string;
}

export interface StreamMapping extends MappingBase, BatchRules {
  readonly kind: 'kinesis';
  readonly start: { readonly type: 'TRIM_HORIZON' | 'LATEST' } | { readonly type: 'AT_TIMESTAMP'; readonly at: Date };
  /** Lanes per shard. */
  readonly parallelization: number;
  /** Bucket that takes what is given up, with its payload. */
  readonly failureBucket: string | null;
}

export interface QueueMapping extends MappingBase {
  readonly kind: 'sqs';
  readonly batchSize: number;
  readonly batchWindowMs: number;
  readonly reportsItemFailures: boolean;
  /** Most invocations at a time; null: as many as the service likes. */
  readonly maximumConcurrency: number | null;
}

/** The service's defaults, from the guide's tables of parameters. */
const DEFAULT_BATCH = { kinesis: 100, sqs: 10 } as const;

/** Functions of our own stacks; their mappings are declared switched off in the environment `local`. */
const OUR_FUNCTIONS = 'Millrace-';

/**
 * The mappings that are switched off: those are the poller's; what is on is driven by the service itself. MiniStack shows a mapping that
 * CloudFormation made switched off as on (while it leaves it alone); those of our own stacks are switched off again, so that they say so.
 * @throws MillraceError EVENT_SOURCE_UNSUPPORTED, EVENT_SOURCE_INVALID
 */
export async function readMappings(lambda: LambdaClient): Promise<readonly Mapping[]> {
  const mappings: Mapping[] = [];
  for await (const page of paginateListEventSourceMappings({ client: lambda }, {}))
    for (const configuration of page.EventSourceMappings ?? []) {
      const on = configuration.State !== 'Disabled';
      if (on && functionNameOf(configuration.FunctionArn)?.startsWith(OUR_FUNCTIONS) !== true) continue;
      const mapping = mappingFrom(configuration);
      if (on) await lambda.send(new UpdateEventSourceMappingCommand({ UUID: mapping.id, Enabled: false }));
      mappings.push(mapping);
    }
  return mappings.sort((a, b) => (a.functionName < b.functionName ? -1 : a.functionName > b.functionName ? 1 : 0));
}

function functionNameOf(arn: string | undefined): string | undefined {
  return arn?.split(':')[6];
}

/**
 * One mapping from the service's answer. What would be ignored silently (filters, tumbling windows, other sources) is refused.
 * @throws MillraceError EVENT_SOURCE_UNSUPPORTED, EVENT_SOURCE_INVALID
 */
export function mappingFrom(configuration: EventSourceMappingConfiguration): Mapping {
  const { UUID: id, FunctionArn: functionArn, EventSourceArn: sourceArn } = configuration;
  if (id === undefined || functionArn === undefined || sourceArn === undefined)
    throw new MillraceError(
      'validation',
      'EVENT_SOURCE_INVALID',
      `mapping=${id ?? '?'} lacks its function or its source`,
    );
  const unsupported = (what: string) =>
    new MillraceError('configuration', 'EVENT_SOURCE_UNSUPPORTED', `mapping=${id} function=${functionArn} ${what}`);
  if ((configuration.FilterCriteria?.Filters?.length ?? 0) > 0) throw unsupported('has filters, which drop silently');
  if ((configuration.TumblingWindowInSeconds ?? 0) > 0) throw unsupported('has a tumbling window');
  const [, , service, region = '', , resource = ''] = sourceArn.split(':');
  const base = {
    id,
    functionArn,
    functionName: functionNameOf(functionArn) ?? functionArn,
    sourceArn,
    region,
    batchWindowMs: (configuration.MaximumBatchingWindowInSeconds ?? 0) * 1000,
    reportsItemFailures: (configuration.FunctionResponseTypes ?? []).includes('ReportBatchItemFailures'),
  };
  if (service === 'sqs')
    return {
      ...base,
      kind: 'sqs',
      sourceName: resource,
      batchSize: configuration.BatchSize ?? DEFAULT_BATCH.sqs,
      maximumConcurrency: configuration.ScalingConfig?.MaximumConcurrency ?? null,
    };
  if (service === 'kinesis' && /^stream\/[^/]+$/.test(resource))
    return {
      ...base,
      kind: 'kinesis',
      sourceName: resource.slice('stream/'.length),
      batchSize: configuration.BatchSize ?? DEFAULT_BATCH.kinesis,
      start: startOf(configuration),
      parallelization: configuration.ParallelizationFactor ?? 1,
      maximumRetryAttempts: unlessInfinite(configuration.MaximumRetryAttempts),
      maximumRecordAgeMs: unlessInfinite(configuration.MaximumRecordAgeInSeconds, 1000),
      bisectOnError: configuration.BisectBatchOnFunctionError ?? false,
      failureBucket: bucketOf(configuration.DestinationConfig?.OnFailure?.Destination, unsupported),
    };
  throw unsupported(`reads ${sourceArn}; known are Kinesis streams and SQS queues`);
}

function startOf(configuration: EventSourceMappingConfiguration): StreamMapping['start'] {
  if (configuration.StartingPosition === 'AT_TIMESTAMP') {
    if (configuration.StartingPositionTimestamp === undefined)
      throw new MillraceError('validation', 'EVENT_SOURCE_INVALID', `mapping=${configuration.UUID} starts at no time`);
    return { type: 'AT_TIMESTAMP', at: configuration.StartingPositionTimestamp };
  }
  return { type: configuration.StartingPosition === 'LATEST' ? 'LATEST' : 'TRIM_HORIZON' };
}

/** -1 and a missing value mean without end. */
function unlessInfinite(value: number | undefined, scale = 1): number | null {
  return value === undefined || value < 0 ? null : value * scale;
}

/** Only a bucket gets the records; queues and topics would get where they stood. */
function bucketOf(destination: string | undefined, unsupported: (what: string) => MillraceError): string | null {
  if (destination === undefined || destination === '') return null;
  const bucket = /^arn:aws[a-z-]*:s3:::([^/]+)$/.exec(destination)?.[1];
  if (bucket === undefined)
    throw unsupported(`has the on-failure destination ${destination}; only a bucket keeps the records`);
  return bucket;
}
