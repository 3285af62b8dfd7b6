import { Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IAlarm,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { alarmOf } from '../constructs/alarm-of-rule.ts';
import { type AlarmRule, alarmRules, type NameOf, reportedMetric } from '../constructs/alarm-rules.ts';
import { publishedName } from '../constructs/published-names.ts';
import { type AlarmSettings, STREAM_CONSUMERS } from '../environments/environment-configuration.ts';
import type { StackSettings } from './data-stack.ts';

export interface ObservabilityStackProps extends StackSettings {
  readonly alarms: AlarmSettings;
}

/** The first alarms, all told to the alert topic, and one dashboard. */
export class ObservabilityStack extends Stack {
  constructor(scope: Construct, id: string, props: ObservabilityStackProps) {
    super(scope, id, { env: props.env, description: 'Millrace: dashboard and alarms' });
    const nameOf: NameOf = (name) => publishedName(this, props.environment, name);
    const action = new SnsAction(Topic.fromTopicArn(this, 'Alerts', nameOf('alert-topic-arn')));
    const stop = new SnsAction(Topic.fromTopicArn(this, 'Stop', nameOf('stop-topic-arn')));
    const stops: readonly string[] = props.environment.emergencyStop.alarms;
    const rules = alarmRules(props.alarms, props.environment.name, nameOf);
    const alarms = rules.map((rule) => {
      const alarm = alarmOf(this, rule);
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      if (stops.includes(rule.id)) alarm.addAlarmAction(stop);
      return alarm;
    });
    this.#dashboard(props.environment.name, rules, alarms, nameOf);
  }

  #dashboard(environment: string, rules: readonly AlarmRule[], alarms: IAlarm[], nameOf: NameOf): void {
    const of = (...groups: AlarmRule['group'][]): IMetric[] =>
      rules.filter((rule) => groups.includes(rule.group)).map((rule) => rule.metric.with({ label: rule.id }));
    const graph = (title: string, left: IMetric[], right: IMetric[] = []) =>
      new GraphWidget({ title, left, right, width: 12, height: 6 });
    const traffic = (metricName: string, statistic: string) =>
      (['market', 'trading'] as const).map(
        (stream) =>
          new Metric({
            namespace: 'AWS/Kinesis',
            metricName,
            dimensionsMap: { StreamName: nameOf(`${stream}-stream`) },
            statistic,
            period: Duration.minutes(1),
            label: `${stream} ${metricName}`,
          }),
      );
    const durations = Object.keys(STREAM_CONSUMERS).map(
      (name) =>
        new Metric({
          namespace: 'AWS/Lambda',
          metricName: 'Duration',
          dimensionsMap: { FunctionName: nameOf(`${name}-function`) },
          statistic: Stats.p(99),
          period: Duration.minutes(1),
          label: `${name} p99`,
        }),
    );
    const reported = (statistic: string, ...names: string[]) =>
      names.map((name) => reportedMetric(environment, name, statistic).with({ label: name }));
    /** One line for each venue that reports. */
    const byVenue = (statistic: 'Sum' | 'Maximum', ...names: string[]) =>
      names.map(
        (name) =>
          new MathExpression({
            expression: `SEARCH('{Millrace,service,Environment,Venue} MetricName="${name}" Environment="${environment}"', '${statistic}', 60)`,
            usingMetrics: {},
            label: name,
            period: Duration.minutes(1),
          }),
      );
    new Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.hours(3),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 6 })],
        [
          graph('Alarms of the engines', of('engine')),
          graph('Stream traffic', traffic('IncomingBytes', Stats.SUM), traffic('IncomingRecords', Stats.SUM)),
        ],
        [
          graph(
            'Orders',
            reported(Stats.SUM, 'OrdersIntended', 'OrdersDenied', 'OrdersSubmitted', 'OrdersUnknown', 'Fills'),
            reported(Stats.MAXIMUM, 'UnitsHeld', 'EntriesBlocked'),
          ),
          graph('Engine latency, p99 (µs)', reported(Stats.MAXIMUM, 'DecisionP99', 'TickToOrderP99')),
        ],
        [
          graph('Frames by venue', byVenue('Sum', 'FramesReceived', 'FramesPublished')),
          graph('Frames shed and book gaps by venue', byVenue('Sum', 'FramesShed', 'BookGaps')),
        ],
        [
          graph('Connections down and books invalid by venue', byVenue('Maximum', 'ConnectionsDown', 'BooksInvalid')),
          graph(
            'Lost connections and clocks apart by venue',
            byVenue('Sum', 'Reconnects'),
            byVenue('Maximum', 'VenueClockApart'),
          ),
        ],
        [
          graph('Stream throttles', of('streams')),
          graph('Publish latency (ms)', traffic('PutRecords.Latency', Stats.AVERAGE)),
        ],
        [graph('Consumers behind (ms)', of('consumers')), graph('Consumer duration (ms)', durations)],
        [graph('Function errors and throttles', of('functions')), graph('Queues', of('queues'))],
        [graph('Executions that failed', of('confirmation'))],
      ],
    });
  }
}
