import { Stack } from 'aws-cdk-lib';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import { alarmOf } from '../constructs/alarm-of-rule.ts';
import { engineAlarmRules } from '../constructs/alarm-rules.ts';
import { publishedName } from '../constructs/published-names.ts';
import type { AlarmSettings } from '../environments/environment-configuration.ts';
import type { StackSettings } from './data-stack.ts';

export interface EngineAlarmsStackProps extends StackSettings {
  readonly alarms: AlarmSettings;
}

/** The alarms of engines away from the home region: metrics, alarms and the topic that an alarm tells never leave their region. */
export class EngineAlarmsStack extends Stack {
  constructor(scope: Construct, id: string, props: EngineAlarmsStackProps) {
    super(scope, id, { env: props.env, description: 'Millrace: alarms of the engines of this region' });
    const { environment, alarms } = props;
    const key = new Key(this, 'AlertKey', { description: 'Millrace: alert topic', enableKeyRotation: true });
    key.grant(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
      'kms:Decrypt',
      'kms:GenerateDataKey*',
    );
    const topic = new Topic(this, 'Alerts', { masterKey: key, enforceSSL: true });
    if (alarms.email !== null) topic.addSubscription(new EmailSubscription(alarms.email));
    const action = new SnsAction(topic);
    for (const rule of engineAlarmRules(alarms, environment.name, (name) => publishedName(this, environment, name))) {
      const alarm = alarmOf(this, rule);
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }
}
