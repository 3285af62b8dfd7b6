import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { AlarmRule } from './alarm-rules.ts';

/** The alarm that a rule describes. */
export function alarmOf(scope: Construct, rule: AlarmRule): Alarm {
  return new Alarm(scope, rule.id, {
    alarmDescription: rule.text,
    metric: rule.metric,
    comparisonOperator: rule.operator,
    threshold: rule.threshold,
    evaluationPeriods: rule.periods,
    datapointsToAlarm: rule.periods,
    treatMissingData: rule.missing,
  });
}
