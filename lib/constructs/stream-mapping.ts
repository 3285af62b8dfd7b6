import { Duration } from 'aws-cdk-lib';
import { EventSourceMapping, type IFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { EnvironmentConfiguration, StreamConsumer } from '../environments/environment-configuration.ts';

/**
 * Maps a stream to its consumer. Retries and age end, a failing batch is halved, a partial answer moves the checkpoint, and what cannot be
 * handled goes to the quarantine bucket with its payload (queues and topics would get only the sequence range). It starts at the oldest
 * record, since with LATEST a mapping that is made anew skips what came in between. One batch at a time per shard: order per key is kept.
 * Its construct path is its identity: moving it replaces the mapping (`docs/runbook.md`).
 */
export function mapStream(
  scope: Construct,
  environment: EnvironmentConfiguration,
  consumer: StreamConsumer,
  target: IFunction,
  streamArn: string,
  quarantineBucketArn: string,
): EventSourceMapping {
  const settings = environment.mappings.consumers[consumer];
  return new EventSourceMapping(scope, 'Mapping', {
    target,
    eventSourceArn: streamArn,
    enabled: environment.mappings.enabled,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: settings.batchSize,
    maxBatchingWindow: Duration.seconds(settings.batchingWindowSeconds),
    parallelizationFactor: 1,
    retryAttempts: settings.retryAttempts,
    maxRecordAge: Duration.minutes(settings.maximumRecordAgeMinutes),
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    onFailure: { bind: () => ({ destination: quarantineBucketArn }) },
  });
}
