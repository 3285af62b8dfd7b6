import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type DimensionsMap, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type AlarmSettings,
  FUNCTION_NAMES,
  STREAM_CONSUMERS,
  type StreamConsumer,
} from '../environments/environment-configuration.ts';
import { pascalCase } from './pascal-case.ts';
import type { PublishedName } from './published-names.ts';

/** Of a shard's limits, from which a partition key counts as hot: as in `src/core/events/shard-load.ts`. */
const HOT_KEY_PERCENT = 80;

/** One alarm: what is measured, from when on it rings, and what to do about it. */
export interface AlarmRule {
  readonly id: string;
  /** Group on the dashboard. */
  readonly group: 'engine' | 'streams' | 'consumers' | 'functions' | 'queues' | 'confirmation';
  readonly text: string;
  readonly metric: Metric;
  readonly operator: ComparisonOperator;
  readonly threshold: number;
  readonly periods: number;
  /** Silence rings where the thing measured is a sign of life; elsewhere it means that nothing happened. */
  readonly missing: TreatMissingData;
}

/** The physical name of something of ours, as its own stack has published it. */
export type NameOf = (name: PublishedName) => string;

const MINUTE = Duration.minutes(1);

function metric(
  namespace: string,
  metricName: string,
  dimensionsMap: DimensionsMap,
  statistic: string,
  period = MINUTE,
) {
  return new Metric({ namespace, metricName, dimensionsMap, statistic, period });
}

function above(threshold: number, periods: number) {
  return {
    operator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold,
    periods,
    missing: TreatMissingData.NOT_BREACHING,
  };
}

function absent(periods: number) {
  return {
    operator: ComparisonOperator.LESS_THAN_THRESHOLD,
    threshold: 1,
    periods,
    missing: TreatMissingData.BREACHING,
  };
}

/** Every alarm of an environment. */
export function alarmRules(settings: AlarmSettings, environment: string, nameOf: NameOf): readonly AlarmRule[] {
  return [
    ...engineRules(settings, nameOf),
    ...reportedRules(settings, environment),
    ...streamRules(settings, nameOf),
    ...consumerRules(settings, nameOf),
    ...functionRules(settings, nameOf),
    ...queueRules(nameOf),
    ...machineRules('Confirmation', 'Order confirmation', nameOf('confirmation-machine-arn')),
    ...machineRules('DeadMan', 'The dead-man switch', nameOf('dead-man-machine-arn')),
    ...watchdogRules(nameOf),
  ];
}

/** What rings for the engines of a region away from home, where there are no streams: alarms see the metrics of their own region alone. */
export function engineAlarmRules(settings: AlarmSettings, environment: string, nameOf: NameOf): readonly AlarmRule[] {
  return [engineAbsent(settings, nameOf), ...reportedRules(settings, environment)];
}

function engineRules(settings: AlarmSettings, nameOf: NameOf): AlarmRule[] {
  return [
    engineAbsent(settings, nameOf),
    {
      id: 'EngineMute',
      group: 'engine',
      text: 'No market record reaches the stream: engines are down, cut off, or hang.',
      metric: metric('AWS/Kinesis', 'IncomingRecords', { StreamName: nameOf('market-stream') }, Stats.SUM),
      ...absent(settings.engineAbsentMinutes),
    },
  ];
}

function engineAbsent(settings: AlarmSettings, nameOf: NameOf): AlarmRule {
  const service = { ClusterName: nameOf('engine-cluster'), ServiceName: nameOf('engine-service') };
  return {
    id: 'EngineAbsent',
    group: 'engine',
    text: 'No engine task is running.',
    metric: metric('ECS/ContainerInsights', 'RunningTaskCount', service, Stats.MINIMUM),
    ...absent(settings.engineAbsentMinutes),
  };
}

/** What engines report of themselves (`containers/engine/cloudwatch-metrics.ts`), as the service: the highest of all tasks counts, since standbys report too. */
export function reportedMetric(environment: string, metricName: string, statistic: string): Metric {
  return metric('Millrace', metricName, { service: 'engine', Environment: environment }, statistic);
}

function reportedRules(settings: AlarmSettings, environment: string): AlarmRule[] {
  return [
    {
      id: 'UnitsNotHeld',
      group: 'engine',
      text: 'No engine reports that it holds a unit: nobody trades, or engines report nothing.',
      metric: reportedMetric(environment, 'UnitsHeld', Stats.MAXIMUM),
      ...absent(settings.engineAbsentMinutes),
    },
    {
      id: 'EntriesBlocked',
      group: 'engine',
      text: 'An engine makes no entries, since what it trades does not reach the trading stream.',
      metric: reportedMetric(environment, 'EntriesBlocked', Stats.MAXIMUM),
      ...above(1, settings.entriesBlockedMinutes),
    },
    {
      id: 'PublishBehind',
      group: 'engine',
      text: `Frames or events wait for their stream for more than ${settings.publishLagSeconds} s.`,
      metric: reportedMetric(environment, 'PublishLag', Stats.MAXIMUM),
      ...above(settings.publishLagSeconds * 1_000, 2),
    },
    {
      id: 'PartitionKeyHot',
      group: 'engine',
      text: 'One partition key brings nearly what a shard takes, and more shards do not help it: what goes under it must be split.',
      metric: reportedMetric(environment, 'HottestKey', Stats.MAXIMUM),
      ...above(HOT_KEY_PERCENT, 3),
    },
    {
      id: 'FramesShed',
      group: 'engine',
      text: 'Market frames were received and not published: the archive has a hole, declared and counted.',
      metric: reportedMetric(environment, 'FramesShed', Stats.SUM),
      ...above(1, 1),
    },
    {
      id: 'ConnectionsDown',
      group: 'engine',
      text: `A connection of market data is not live for ${settings.feedDownMinutes} minutes: which, and why, says the engine's log.`,
      metric: reportedMetric(environment, 'ConnectionsDown', Stats.MAXIMUM),
      ...above(1, settings.feedDownMinutes),
    },
    {
      id: 'BooksInvalid',
      group: 'engine',
      text: `A book is not whole for ${settings.feedDownMinutes} minutes: no entries are made on it.`,
      metric: reportedMetric(environment, 'BooksInvalid', Stats.MAXIMUM),
      ...above(1, settings.feedDownMinutes),
    },
    {
      id: 'VenueClockApart',
      group: 'engine',
      text: 'The clock of a venue is more than 250 ms from ours.',
      metric: reportedMetric(environment, 'VenueClockApart', Stats.MAXIMUM),
      ...above(1, 2),
    },
    {
      id: 'PartsSilent',
      group: 'engine',
      text: 'A part of an engine hangs and could not be begun anew: which, says its log; what depends on it makes no entries.',
      metric: reportedMetric(environment, 'PartsSilent', Stats.MAXIMUM),
      ...above(1, 2),
    },
    {
      id: 'OrdersUnknown',
      group: 'engine',
      text: 'An order became unknown: its lane makes no entries until that is resolved.',
      metric: reportedMetric(environment, 'OrdersUnknown', Stats.SUM),
      ...above(1, 1),
    },
  ];
}

function streamRules(settings: AlarmSettings, nameOf: NameOf): AlarmRule[] {
  return (['market', 'trading'] as const).flatMap((stream) => {
    const dimensions = { StreamName: nameOf(`${stream}-stream`) };
    const title = stream === 'market' ? 'Market' : 'Trading';
    return [
      {
        id: `${title}WriteThrottled`,
        group: 'streams' as const,
        text: `The ${stream} stream refuses writes: it needs more shards.`,
        metric: metric('AWS/Kinesis', 'WriteProvisionedThroughputExceeded', dimensions, Stats.SUM),
        ...above(settings.throttledWritesPerMinute, 3),
      },
      {
        id: `${title}ReadThrottled`,
        group: 'streams' as const,
        text: `The ${stream} stream refuses reads: too many consumers for its shards.`,
        metric: metric('AWS/Kinesis', 'ReadProvisionedThroughputExceeded', dimensions, Stats.SUM),
        ...above(settings.throttledWritesPerMinute, 5),
      },
    ];
  });
}

function consumerRules(settings: AlarmSettings, nameOf: NameOf): AlarmRule[] {
  return (Object.keys(STREAM_CONSUMERS) as StreamConsumer[]).map((consumer) => ({
    id: `${pascalCase(consumer)}Behind`,
    group: 'consumers',
    text: `${consumer} is behind: its oldest unfinished record is older than ${settings.iteratorAgeSeconds[consumer]} s.`,
    metric: metric('AWS/Lambda', 'IteratorAge', { FunctionName: nameOf(`${consumer}-function`) }, Stats.MAXIMUM),
    ...above(settings.iteratorAgeSeconds[consumer] * 1000, 3),
  }));
}

function functionRules(settings: AlarmSettings, nameOf: NameOf): AlarmRule[] {
  return FUNCTION_NAMES.flatMap((name) => {
    const dimensions = { FunctionName: nameOf(`${name}-function`) };
    const period = Duration.minutes(5);
    return [
      {
        id: `${pascalCase(name)}Errors`,
        group: 'functions' as const,
        text: `${name} fails.`,
        metric: metric('AWS/Lambda', 'Errors', dimensions, Stats.SUM, period),
        ...above(settings.functionErrorsPer5Minutes, 1),
      },
      {
        id: `${pascalCase(name)}Throttled`,
        group: 'functions' as const,
        text: `${name} is not started: the account's concurrency is used up.`,
        metric: metric('AWS/Lambda', 'Throttles', dimensions, Stats.SUM, period),
        ...above(1, 1),
      },
    ];
  });
}

function queueRules(nameOf: NameOf): AlarmRule[] {
  return [
    {
      id: 'CommandDead',
      group: 'queues',
      text: 'A command could not be applied, or a notice to stop not carried out: it lies in the dead-letter queue.',
      metric: metric(
        'AWS/SQS',
        'ApproximateNumberOfMessagesVisible',
        { QueueName: nameOf('command-dead-letter-queue') },
        Stats.MAXIMUM,
      ),
      ...above(1, 1),
    },
    {
      id: 'CommandWaiting',
      group: 'queues',
      text: 'A command has waited for a minute: an emergency stop would not be heard.',
      metric: metric('AWS/SQS', 'ApproximateAgeOfOldestMessage', { QueueName: nameOf('command-queue') }, Stats.MAXIMUM),
      ...above(60, 1),
    },
    {
      id: 'Quarantined',
      group: 'queues',
      text: 'Records lie in quarantine: see the runbook, "Redrive".',
      metric: metric(
        'AWS/SQS',
        'ApproximateNumberOfMessagesVisible',
        { QueueName: nameOf('quarantine-queue') },
        Stats.MAXIMUM,
      ),
      ...above(1, 1),
    },
  ];
}

function watchdogRules(nameOf: NameOf): AlarmRule[] {
  const runs = (name: 'reconcile' | 'dead-man', minutes: number) =>
    metric(
      'AWS/Lambda',
      'Invocations',
      { FunctionName: nameOf(`${name}-function`) },
      Stats.SUM,
      Duration.minutes(minutes),
    );
  return [
    {
      id: 'ReconcilerSilent',
      group: 'functions',
      text: 'Nobody has compared venue and ledger for a quarter of an hour.',
      metric: runs('reconcile', 15),
      ...absent(1),
    },
    {
      id: 'DeadManSilent',
      group: 'functions',
      text: 'Nobody watches whether engines live: orders of a silent one would stay.',
      metric: runs('dead-man', 5),
      ...absent(1),
    },
  ];
}

/** What is wrong with executions of a state machine. */
function machineRules(id: string, title: string, arn: string): AlarmRule[] {
  const dimensions = { StateMachineArn: arn };
  return (['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionThrottled'] as const).map(
    (metricName) => ({
      id: `${id}${metricName}`,
      group: 'confirmation',
      text: `${title}: ${metricName}.`,
      metric: metric('AWS/States', metricName, dimensions, Stats.SUM),
      ...above(1, 1),
    }),
  );
}
