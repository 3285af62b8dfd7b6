import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { startCloudWatchMetrics } from '#engine/cloudwatch-metrics.ts';
import { EngineMetrics } from '#engine/engine-metrics.ts';
import { FUNCTION_NAMES, STREAM_CONSUMERS } from '#lib/environments/environment-configuration.ts';
import { createManualClock } from '../support/manual-clock.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import { resourcesOf, type SynthesizedTemplate, templateOf, templatesOf } from './support/synthesized.ts';

const reference = z.object({ Ref: z.string() });
const alarm = z.looseObject({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.union([reference, z.string()]) })).min(1),
  TreatMissingData: z.string(),
  EvaluationPeriods: z.number(),
  AlarmDescription: z.string().min(1),
  AlarmActions: z.array(z.unknown()).min(1).max(2),
  OKActions: z.array(z.unknown()).length(1),
});

/** What engines write for CloudWatch. */
const embedded = z.object({
  _aws: z.object({
    CloudWatchMetrics: z
      .array(
        z.object({
          Namespace: z.literal('Millrace'),
          Dimensions: z.array(z.array(z.string())).length(1),
          Metrics: z.array(z.object({ Name: z.string() })),
        }),
      )
      .length(1),
  }),
});

/** Which type of resource a dimension must name. */
const TYPE_OF_DIMENSION: Readonly<Record<string, string>> = {
  StreamName: 'AWS::Kinesis::Stream',
  FunctionName: 'AWS::Lambda::Function',
  QueueName: 'AWS::SQS::Queue',
  StateMachineArn: 'AWS::StepFunctions::StateMachine',
  ClusterName: 'AWS::ECS::Cluster',
  ServiceName: 'AWS::ECS::Service',
};

/** The logical id and type of what was published under a parameter's name, in whatever stack. */
function publishedResource(templates: ReadonlyMap<string, SynthesizedTemplate>, parameter: string | undefined) {
  for (const template of templates.values()) {
    const found = resourcesOf(template, 'AWS::SSM::Parameter').find(([, each]) => each.Properties.Name === parameter);
    if (found === undefined) continue;
    const id = /"(?:Ref|Fn::GetAtt)":\[?"([A-Za-z0-9]+)"/.exec(JSON.stringify(found[1].Properties.Value))?.[1] ?? '';
    return { id, type: template.Resources[id]?.Type };
  }
  return undefined;
}

describe.each(['dev', 'prod'])('observability stack of %s', (environment) => {
  const templates = templatesOf(environment);
  const observability = templateOf(templates, 'Observability');
  const alarms = resourcesOf(observability, 'AWS::CloudWatch::Alarm').map(
    ([id, each]) => [id, alarm.parse(each.Properties)] as const,
  );

  const parameterOf = (value: string | { Ref: string }) =>
    typeof value === 'string' ? undefined : observability.Parameters[value.Ref]?.Default;

  /** A reference to what was published under a name. */
  const topicNamed = (name: string) => ({
    Ref: Object.entries(observability.Parameters).find(([, each]) => each.Default?.endsWith(`/names/${name}`))?.[0],
  });

  it('R12: watches what engines report under the very names and dimensions that they report', async () => {
    const lines: string[] = [];
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
    const stop = startCloudWatchMetrics({
      metrics: new EngineMetrics(),
      publisher: new MemoryPublisher(),
      feeds: () => [],
      units: () => [],
      environment,
      engine: 'engine-test',
      timers: createManualClock().timers,
    });
    stop();
    stdout.mockRestore();
    const blob: unknown = JSON.parse(lines.find((line) => line.includes('"_aws"')) ?? '{}');
    const reportedBlob = z.record(z.string(), z.unknown()).parse(blob);
    const own = alarms.filter(([, each]) => each.Namespace === 'Millrace');
    expect(own.length).toBeGreaterThan(3);
    const [declared] = embedded.parse(blob)._aws.CloudWatchMetrics;
    for (const [id, each] of own) {
      expect(
        declared?.Metrics.map(({ Name }) => Name),
        id,
      ).toContain(each.MetricName);
      const dimensions = Object.fromEntries(each.Dimensions.map(({ Name, Value }) => [Name, Value]));
      expect(Object.keys(dimensions).sort(), id).toEqual([...(declared?.Dimensions[0] ?? [])].sort());
      expect(reportedBlob, id).toMatchObject(dimensions);
    }
    const body = JSON.stringify(resourcesOf(observability, 'AWS::CloudWatch::Dashboard')[0]?.[1].Properties);
    for (const name of ['OrdersSubmitted', 'Fills', 'DecisionP99', 'FramesShed']) expect(body).toContain(name);
  });

  it('F27, R10: rings when a clock is apart, and when a connection or a book stays away', () => {
    const watched = alarms.filter(([, each]) => each.Namespace === 'Millrace');
    const of = (metric: string) => watched.filter(([, each]) => each.MetricName === metric).map(([, each]) => each);
    expect(of('VenueClockApart')).toMatchObject([{ EvaluationPeriods: 2, Threshold: 1, Statistic: 'Maximum' }]);
    for (const metric of ['ConnectionsDown', 'BooksInvalid'])
      expect(of(metric), metric).toMatchObject([{ EvaluationPeriods: 5, Threshold: 1, Statistic: 'Maximum' }]);
  });

  it('watches something of ours with every alarm', () => {
    expect(alarms.length).toBeGreaterThan(20);
    for (const [id, each] of alarms)
      for (const { Name, Value } of each.Dimensions) {
        if (typeof Value === 'string') {
          expect(each.Namespace, id).toBe('Millrace');
          continue;
        }
        const parameter = parameterOf(Value);
        expect(publishedResource(templates, parameter)?.type, `${id} ${Name} ${parameter}`).toBe(
          TYPE_OF_DIMENSION[Name] ?? 'a dimension that the table knows',
        );
      }
  });

  it('tells the alert topic of every alarm and of its end', () => {
    for (const [id, each] of alarms) {
      expect(each.AlarmActions[0], id).toEqual(topicNamed('alert-topic-arn'));
      expect(each.OKActions, id).toEqual([topicNamed('alert-topic-arn')]);
    }
  });

  it('H15: sends the declared alarms, and no others, to the topic that stops trading as well', () => {
    const stops = alarms.filter(([, each]) => each.AlarmActions.length > 1);
    expect(stops.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'DeadManExecutionsFailed',
      'DeadManExecutionsTimedOut',
    ]);
    for (const [id, each] of stops) expect(each.AlarmActions[1], id).toEqual(topicNamed('stop-topic-arn'));
  });

  it('H13: rings where a sign of life is missing, and only there', () => {
    const breaching = alarms.filter(([, each]) => each.TreatMissingData === 'breaching').map(([id]) => id);
    expect(breaching.map((id) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'DeadManSilent',
      'EngineAbsent',
      'EngineMute',
      'ReconcilerSilent',
      'UnitsNotHeld',
    ]);
    for (const [id, each] of alarms)
      if (!breaching.includes(id)) expect(each.TreatMissingData, id).toBe('notBreaching');
  });

  it('watches how far each consumer is behind, and the errors of each function', () => {
    const watched = (metric: string) =>
      alarms
        .filter(([, each]) => each.Namespace === 'AWS/Lambda' && each.MetricName === metric)
        .flatMap(([, each]) => each.Dimensions.map(({ Value }) => parameterOf(Value)))
        .map((name) => name?.replace(`/millrace/${environment}/names/`, '').replace(/-function$/, ''))
        .sort();
    expect(watched('IteratorAge')).toEqual(Object.keys(STREAM_CONSUMERS).sort());
    expect(watched('Errors')).toEqual([...FUNCTION_NAMES].sort());
    expect(watched('Throttles')).toEqual([...FUNCTION_NAMES].sort());
  });

  it('watches dead letters, quarantine and confirmations that fail or run out of time', () => {
    const metrics = alarms.map(([, each]) => `${each.Namespace} ${each.MetricName}`);
    expect(metrics.filter((each) => each === 'AWS/SQS ApproximateNumberOfMessagesVisible')).toHaveLength(2);
    for (const metric of ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionThrottled'])
      expect(metrics).toContain(`AWS/States ${metric}`);
  });

  it('says in the runbook what to do about every alarm', () => {
    const runbook = readFileSync(path.resolve(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
    for (const [id] of alarms) {
      const name = id.replace(/[0-9A-F]{8}$/, '');
      const family = /(Errors|Throttled)$/.exec(name)?.[1];
      const written = [name, ...(family === undefined ? [] : [`…${family}`])];
      expect(
        written.some((each) => runbook.includes(`\`${each}\``)),
        name,
      ).toBe(true);
    }
  });

  it('has one dashboard that shows every alarm', () => {
    const dashboards = resourcesOf(observability, 'AWS::CloudWatch::Dashboard');
    expect(dashboards).toHaveLength(1);
    const body = JSON.stringify(dashboards[0]?.[1].Properties.DashboardBody);
    for (const [id] of alarms) expect(body, id).toContain(`"${id}"`);
  });
});

describe('local', () => {
  it('has neither network nor alarms, which its emulator does not know', () => {
    expect([...templatesOf('local').keys()].sort()).toEqual(['Data', 'Engine', 'Pipeline']);
  });
});
