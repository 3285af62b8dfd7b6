import { Duration, Stack } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { type PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { type DataNames, dataNames } from '../constructs/data-names.ts';
import { DeadManSwitch } from '../constructs/dead-man-switch.ts';
import { type Placement, placementOf } from '../constructs/network-names.ts';
import { OrderConfirmation } from '../constructs/order-confirmation.ts';
import { pascalCase } from '../constructs/pascal-case.ts';
import * as permissions from '../constructs/permissions.ts';
import { PipelineFunction } from '../constructs/pipeline-function.ts';
import { publishName } from '../constructs/published-names.ts';
import {
  confirmationSecretsPrefix,
  deadManSecretsPrefix,
  reconciliationSecretsPrefix,
  runtimeSettings,
} from '../constructs/runtime-settings.ts';
import { runOnSchedule } from '../constructs/scheduled-run.ts';
import { mapStream } from '../constructs/stream-mapping.ts';
import {
  type EnvironmentConfiguration,
  type FunctionName,
  STREAM_CONSUMERS,
  type StreamConsumer,
} from '../environments/environment-configuration.ts';
import type { StackSettings } from './data-stack.ts';

export interface PipelineStackProps extends StackSettings {
  readonly build: string;
}

/** A notice to stop that could not be carried out for so long is left to people. */
const STOP_NOTICE_LIFE = Duration.minutes(15);

/** What reads the streams and acts on them: consumers, commands, confirmation, alerts, redrive. Holds nothing that cannot be made anew. */
export class PipelineStack extends Stack {
  readonly #environment: EnvironmentConfiguration;
  readonly #data: DataNames;
  readonly #key: ReturnType<typeof Key.fromKeyArn>;
  readonly #build: string;

  constructor(scope: Construct, id: string, props: PipelineStackProps) {
    super(scope, id, { env: props.env, description: 'Millrace: stream consumers, commands, confirmation, alerts' });
    this.#environment = props.environment;
    this.#build = props.build;
    this.#data = dataNames(this, props.environment);
    this.#key = Key.fromKeyArn(this, 'DataKey', this.#data.keyArn);
    const alerts = this.#alertTopic();
    const { commands, dead } = this.#commandQueues();
    const variables = { MILLRACE_ALERT_TOPIC: alerts.topicArn, MILLRACE_COMMAND_QUEUE: commands.queueUrl };
    const { ledgerTableArn, controlTableArn, archiveBucketArn, tradingStreamArn, marketStreamArn } = this.#data;

    this.#consumer('distribute', 'market frames to candles and latest prices', variables, [
      permissions.writeItems(ledgerTableArn, 'MARKET'),
    ]);
    this.#consumer('archive', 'market frames to the archive, with a manifest', variables, [
      ...permissions.writeObjects(archiveBucketArn),
    ]);
    this.#consumer('persist', 'trading events to the ledger', variables, [
      permissions.writeItems(ledgerTableArn, 'ACCOUNT'),
    ]);
    this.#consumer('alert', 'alerts to the topic, once each', variables, [
      permissions.publishTo(alerts.topicArn),
      permissions.writeItems(controlTableArn, 'ALERT'),
    ]);

    const placement = placementOf(this, props.environment);
    const step = this.#function(
      'confirm-step',
      'one step of an order confirmation',
      { ...variables, MILLRACE_SECRETS: confirmationSecretsPrefix(props.environment) },
      [
        permissions.writeItems(controlTableArn, 'ALERT', 'CONFIRM'),
        permissions.readTable(ledgerTableArn),
        permissions.publishTo(alerts.topicArn),
        permissions.readVenueSecrets(this, confirmationSecretsPrefix(props.environment)),
      ],
      placement,
    );
    const machine = new OrderConfirmation(this, 'OrderConfirmation', {
      environment: props.environment,
      handlers: { step: step.lambda },
    }).stateMachine;
    this.#consumer(
      'confirm',
      'orders to their confirmation, and its callbacks',
      { ...variables, MILLRACE_CONFIRMATION_MACHINE: machine.stateMachineArn },
      [
        permissions.writeItems(controlTableArn, 'CONFIRM'),
        permissions.startMachine(machine.stateMachineArn),
        permissions.answerMachine(machine.stateMachineArn),
      ],
    );

    const command = this.#function('command', 'commands to desired state, decisions to confirmations', variables, [
      permissions.writeItems(controlTableArn, 'CONFIRM', 'CONTROL'),
      permissions.receiveMessages(commands.queueArn),
      permissions.answerMachine(machine.stateMachineArn),
    ]);
    command.lambda.addEventSource(
      new SqsEventSource(commands, {
        batchSize: 10,
        reportBatchItemFailures: true,
        maxConcurrency: 2,
        enabled: this.#environment.mappings.enabled,
      }),
    );

    this.#function('redrive', 'quarantined records back to their stream', variables, [
      ...permissions.readObjects(this.#data.quarantineBucketArn),
      permissions.deleteObjects(this.#data.quarantineBucketArn),
      permissions.receiveMessages(this.#data.quarantineQueueArn),
      permissions.writeStreams(marketStreamArn, tradingStreamArn),
    ]);
    this.#reconciler(variables, placement, alerts);
    this.#deadManSwitch(variables, placement, alerts);
    this.#emergencyStop(variables, commands, dead, alerts);
    publishName(this, props.environment, 'confirmation-machine-arn', machine.stateMachineArn);
  }

  /** Outside the engine, with keys that can only read: it writes the ledger, freezes symbols and tells people. */
  #reconciler(variables: Readonly<Record<string, string>>, placement: Placement | undefined, alerts: Topic): void {
    const environment = this.#environment;
    const prefix = reconciliationSecretsPrefix(environment);
    const { lambda } = this.#function(
      'reconcile',
      'venue, ledger and engine compared; the ledger corrected',
      { ...variables, MILLRACE_SECRETS: prefix },
      [
        permissions.writeItems(this.#data.ledgerTableArn, 'ACCOUNT'),
        permissions.writeItems(this.#data.controlTableArn, 'ALERT', 'CONTROL'),
        ...permissions.useObjectsUnder(this.#data.archiveBucketArn, 'reconciliation/'),
        permissions.publishTo(alerts.topicArn),
        permissions.readVenueSecrets(this, prefix),
        permissions.readConfiguration(this, environment),
      ],
      placement,
    );
    const startWithin = Duration.minutes(4);
    runOnSchedule(this, 'ReconcileOften', {
      environment,
      lambda,
      schedule: Schedule.rate(Duration.minutes(5)),
      input: { action: 'run' },
      startWithin,
    });
    runOnSchedule(this, 'ReconcileDaily', {
      environment,
      lambda,
      schedule: Schedule.cron({ hour: '0', minute: '7' }),
      input: { action: 'daily' },
      startWithin: Duration.hours(2),
    });
  }

  /**
   * Finds units whose lease nobody renews, and cancels by keys of its own what they left open: who watches has no keys, who has keys does not watch.
   */
  #deadManSwitch(variables: Readonly<Record<string, string>>, placement: Placement | undefined, alerts: Topic): void {
    const environment = this.#environment;
    const prefix = deadManSecretsPrefix(environment);
    const step = this.#function(
      'dead-man-step',
      'orders of silent engines cancelled',
      { ...variables, MILLRACE_SECRETS: prefix },
      [
        permissions.writeItems(this.#data.controlTableArn, 'ALERT', 'CONTROL'),
        permissions.publishTo(alerts.topicArn),
        permissions.readVenueSecrets(this, prefix),
        permissions.readConfiguration(this, environment),
      ],
      placement,
    );
    const machine = new DeadManSwitch(this, 'DeadManSwitch', { environment, step: step.lambda }).stateMachine;
    const { lambda } = this.#function(
      'dead-man',
      'leases of engines watched',
      { ...variables, MILLRACE_DEAD_MAN_MACHINE: machine.stateMachineArn },
      [
        permissions.writeItems(this.#data.controlTableArn, 'CONTROL'),
        permissions.startMachine(machine.stateMachineArn),
        permissions.readConfiguration(this, environment),
      ],
    );
    runOnSchedule(this, 'DeadManWatch', {
      environment,
      lambda,
      schedule: Schedule.rate(Duration.minutes(1)),
      input: { action: 'watch' },
      startWithin: Duration.minutes(1),
    });
    publishName(this, environment, 'dead-man-machine-arn', machine.stateMachineArn);
  }

  /**
   * Alarms that stop trading: those sent to a topic of their own, and alerts of declared codes. It may put commands on their queue, and nothing else. A notice that it fails on three times lies
   * with the commands that could not be applied, under their alarm.
   */
  #emergencyStop(variables: Readonly<Record<string, string>>, commands: Queue, dead: Queue, alerts: Topic): void {
    const environment = this.#environment;
    const { alerts: codes, alarmWish } = environment.emergencyStop;
    const topic = this.#topic('Stop', 'Millrace: stop trading');
    publishName(this, environment, 'stop-topic-arn', topic.topicArn);
    const { lambda } = this.#function(
      'alarm-stop',
      'alarms to commands that stop trading',
      {
        ...variables,
        MILLRACE_STOP_TOPIC: topic.topicArn,
        MILLRACE_STOP_RULES: JSON.stringify({ alerts: codes, alarms: alarmWish }),
      },
      [
        permissions.sendMessages(commands.queueArn),
        permissions.sendMessages(dead.queueArn),
        permissions.readConfiguration(this, environment),
      ],
    );
    lambda.configureAsyncInvoke({
      onFailure: { bind: () => ({ destination: dead.queueArn }) },
      retryAttempts: 2,
      maxEventAge: STOP_NOTICE_LIFE,
    });
    topic.addSubscription(new LambdaSubscription(lambda));
    const allowlist = Object.keys(codes);
    if (allowlist.length > 0)
      alerts.addSubscription(
        new LambdaSubscription(lambda, { filterPolicy: { code: SubscriptionFilter.stringFilter({ allowlist }) } }),
      );
  }

  #alertTopic(): Topic {
    const topic = this.#topic('Alerts', 'Millrace');
    const email = this.#environment.alarms?.email ?? null;
    if (email !== null) topic.addSubscription(new EmailSubscription(email));
    publishName(this, this.#environment, 'alert-topic-arn', topic.topicArn);
    return topic;
  }

  /** A topic that alarms of this account may publish to: one with a policy of its own no longer has the one that let them in. */
  #topic(id: string, displayName: string): Topic {
    const topic = new Topic(this, id, { masterKey: this.#key, enforceSSL: true, displayName });
    topic.grantPublish(
      new ServicePrincipal('cloudwatch.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    return topic;
  }

  #commandQueues(): { readonly commands: Queue; readonly dead: Queue } {
    const common = { encryption: QueueEncryption.KMS, encryptionMasterKey: this.#key, enforceSSL: true };
    const dead = new Queue(this, 'CommandDeadLetters', { ...common, retentionPeriod: Duration.days(14) });
    const queue = new Queue(this, 'Commands', {
      ...common,
      // Six times the function's time: a message in work is not handed out again.
      visibilityTimeout: Duration.seconds(this.#environment.functions.command.timeoutSeconds * 6),
      retentionPeriod: Duration.days(1),
      deadLetterQueue: { queue: dead, maxReceiveCount: 5 },
    });
    publishName(this, this.#environment, 'command-queue', queue.queueName);
    publishName(this, this.#environment, 'command-queue-url', queue.queueUrl);
    publishName(this, this.#environment, 'command-dead-letter-queue', dead.queueName);
    return { commands: queue, dead };
  }

  #function(
    name: FunctionName,
    does: string,
    variables: Readonly<Record<string, string>>,
    statements: readonly PolicyStatement[],
    placement?: Placement,
  ): PipelineFunction {
    const made = new PipelineFunction(this, pascalCase(name), {
      name,
      description: `Millrace: ${does}`,
      environment: this.#environment,
      variables: { ...runtimeSettings(this.#environment, this.#build, this.#data), ...variables },
      permissions: [...statements, permissions.useKey(this.#data.keyArn)],
      placement,
    });
    publishName(this, this.#environment, `${name}-function`, made.lambda.functionName);
    return made;
  }

  #consumer(
    name: StreamConsumer,
    does: string,
    variables: Readonly<Record<string, string>>,
    statements: readonly PolicyStatement[],
  ): PipelineFunction {
    const streamArn = STREAM_CONSUMERS[name] === 'market' ? this.#data.marketStreamArn : this.#data.tradingStreamArn;
    const made = this.#function(name, does, variables, [
      ...statements,
      permissions.readStream(streamArn),
      ...permissions.writeObjects(this.#data.quarantineBucketArn),
      permissions.sendMessages(this.#data.quarantineQueueArn),
    ]);
    mapStream(made, this.#environment, name, made.lambda, streamArn, this.#data.quarantineBucketArn);
    return made;
  }
}
