import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { createS3Client, createSqsClient } from '#aws/clients.ts';
import { createLog, type Log } from '#aws/log.ts';
import type { ProcessorCounts } from '#aws/ordered-stream-processor.ts';
import { createQuarantine, type Quarantine } from '#aws/quarantine.ts';
import type { Settings } from './environment.ts';

/** The variables that every consumer of a stream needs. */
export const CONSUMER_VARIABLES = [
  'MILLRACE_ENVIRONMENT',
  'MILLRACE_BUILD',
  'MILLRACE_QUARANTINE_BUCKET',
  'MILLRACE_QUARANTINE_QUEUE',
] as const;

/** What every consumer of a stream is wired with. */
export interface ConsumerParts {
  readonly consumer: string;
  readonly quarantine: Quarantine;
  readonly log: Log;
  /** Writes the counts of one invocation as metrics (R12). */
  readonly onCounts: (counts: ProcessorCounts) => void;
  /** Counts what a message came to, by name; written with the counts of the invocation. */
  readonly count: (name: string) => void;
}

/** Log, quarantine and metrics of one consumer. */
export function consumerParts(
  consumer: string,
  settings: Settings<(typeof CONSUMER_VARIABLES)[number]>,
): ConsumerParts {
  const metrics = new Metrics({
    namespace: 'Millrace',
    serviceName: consumer,
    defaultDimensions: { environment: settings.MILLRACE_ENVIRONMENT },
  });
  const outcomes = new Map<string, number>();
  return {
    consumer,
    quarantine: createQuarantine({
      s3: createS3Client(),
      sqs: createSqsClient(),
      bucket: settings.MILLRACE_QUARANTINE_BUCKET,
      queueUrl: settings.MILLRACE_QUARANTINE_QUEUE,
    }),
    log: createLog({
      service: consumer,
      fields: { environment: settings.MILLRACE_ENVIRONMENT, build: settings.MILLRACE_BUILD },
    }),
    count: (name) => outcomes.set(name, (outcomes.get(name) ?? 0) + 1),
    onCounts(counts) {
      metrics.addMetric('RecordsHandled', MetricUnit.Count, counts.handled);
      metrics.addMetric('RecordsQuarantined', MetricUnit.Count, counts.quarantined);
      metrics.addMetric('BatchesStopped', MetricUnit.Count, counts.stopped);
      metrics.addMetric('OldestAge', MetricUnit.Milliseconds, counts.oldestAgeMs);
      for (const [name, value] of outcomes) metrics.addMetric(`Outcome_${name}`, MetricUnit.Count, value);
      outcomes.clear();
      metrics.publishStoredMetrics();
    },
  };
}
