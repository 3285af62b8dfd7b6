import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FUNCTION_NAMES } from '#lib/environments/environment-configuration.ts';
import { resourceOf, resourcesOf, templateOf, templatesOf } from './support/synthesized.ts';

const LOGICAL_IDS_OF_MAPPINGS = [
  'AlertMappingE884A546',
  'ArchiveMapping4113EF35',
  'ConfirmMappingC0B5E7AD',
  'DistributeMapping0B993E27',
  'PersistMapping1DE23199',
];

describe.each(['local', 'dev', 'prod'])('pipeline stack of %s', (environment) => {
  const pipeline = templateOf(templatesOf(environment), 'Pipeline');
  const mappings = resourcesOf(pipeline, 'AWS::Lambda::EventSourceMapping');
  const streamMappings = mappings.filter(([, each]) => each.Properties.StartingPosition !== undefined);
  const functions = resourcesOf(pipeline, 'AWS::Lambda::Function');

  it('T4: every stream mapping ends its retries, halves, checkpoints and keeps what failed', () => {
    expect(streamMappings).toHaveLength(5);
    for (const [id, { Properties }] of streamMappings) {
      expect(Properties, id).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ParallelizationFactor: 1,
        MaximumRetryAttempts: 5,
      });
      expect(Number(Properties.MaximumRecordAgeInSeconds), id).toBeGreaterThan(0);
      expect(Number(Properties.BatchSize), id).toBeGreaterThan(0);
      const destination = JSON.stringify(Properties.DestinationConfig);
      expect(destination, id).toContain(':s3:::');
      expect(destination, id).toContain('quarantinebucket');
    }
    const age = (id: string) =>
      resourceOf(pipeline, 'AWS::Lambda::EventSourceMapping', id).Properties.MaximumRecordAgeInSeconds;
    expect(age('ArchiveMapping')).toBe(6 * 3600);
    expect(age('PersistMapping')).toBe(15 * 60);
  });

  it('T4: no mapping changes its identity: a replaced one would read its stream again from the start', () => {
    expect(streamMappings.map(([id]) => id).sort()).toEqual(LOGICAL_IDS_OF_MAPPINGS);
  });

  it('leaves mappings off in local only', () => {
    expect(mappings).toHaveLength(6);
    for (const [id, { Properties }] of mappings) expect(Properties.Enabled, id).toBe(environment !== 'local');
  });

  it('gives every function its runtime, its limits and a log group that ends', () => {
    expect(functions).toHaveLength(FUNCTION_NAMES.length);
    for (const [id, { Properties }] of functions) {
      expect(Properties, id).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'handler.handler',
      });
      expect(Number(Properties.MemorySize), id).toBeGreaterThanOrEqual(128);
      expect(Number(Properties.Timeout), id).toBeGreaterThan(3);
      expect(JSON.stringify(Properties.LoggingConfig), id).toMatch(/"LogGroup":\{"Ref":/);
    }
    for (const [id, { Properties }] of resourcesOf(pipeline, 'AWS::Logs::LogGroup'))
      expect(Number(Properties.RetentionInDays), id).toBeGreaterThan(0);
  });

  it('gives every function a role of its own', () => {
    const roles = functions.map(([, each]) => JSON.stringify(each.Properties.Role));
    expect(new Set(roles).size).toBe(functions.length);
    for (const [id, { Properties }] of resourcesOf(pipeline, 'AWS::IAM::Role'))
      expect(Properties.ManagedPolicyArns, id).toBeUndefined();
  });

  it('R1: lets only what calls venues read venue keys', () => {
    const readers = resourcesOf(pipeline, 'AWS::IAM::Policy').filter(([, each]) =>
      JSON.stringify(each.Properties).includes('secretsmanager:'),
    );
    expect(readers.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'ConfirmStepRoleDefaultPolicy',
      'DeadManStepRoleDefaultPolicy',
      'ReconcileRoleDefaultPolicy',
    ]);
  });

  it('R1: asks and cancels with keys of its own, which the engine cannot read, nor it those of the engine', () => {
    const prefix = `millrace/${environment}-confirmation`;
    const step = resourceOf(pipeline, 'AWS::Lambda::Function', 'ConfirmStepFunction');
    expect(step.Properties.Environment).toMatchObject({ Variables: { MILLRACE_SECRETS: prefix } });
    const policies = JSON.stringify(resourcesOf(pipeline, 'AWS::IAM::Policy'));
    expect(policies).toContain(`secret:${prefix}/*`);
    expect(policies).not.toContain(`secret:millrace/${environment}/*`);
  });

  it('lets each function write its own kinds of items, none delete or scan', () => {
    const kindsOf = (name: string) => {
      const policy = JSON.stringify(resourceOf(pipeline, 'AWS::IAM::Policy', `${name}RoleDefaultPolicy`).Properties);
      const conditions = policy.match(/"dynamodb:LeadingKeys":\["[^\]]+"\]/g) ?? [];
      // Every statement that writes has its condition, and one that refuses requests without a key.
      expect(policy.match(/dynamodb:UpdateItem/g) ?? [], name).toHaveLength(conditions.length);
      expect(policy.match(/"Null":\{"dynamodb:LeadingKeys":"false"\}/g) ?? [], name).toHaveLength(conditions.length);
      expect(policy, name).not.toMatch(/dynamodb:(\*|Scan|DeleteItem|BatchWriteItem)/);
      return conditions.flatMap((each) => each.match(/[A-Z]+(?=#\*)/g) ?? []);
    };
    expect(kindsOf('Distribute')).toEqual(['MARKET']);
    expect(kindsOf('Persist')).toEqual(['ACCOUNT']);
    expect(kindsOf('Alert')).toEqual(['ALERT']);
    expect(kindsOf('Confirm')).toEqual(['CONFIRM']);
    expect(kindsOf('ConfirmStep')).toEqual(['ALERT', 'CONFIRM']);
    expect(kindsOf('Command')).toEqual(['CONFIRM', 'CONTROL']);
    expect(kindsOf('Reconcile')).toEqual(['ACCOUNT', 'ALERT', 'CONTROL']);
    expect(kindsOf('DeadMan')).toEqual(['CONTROL']);
    expect(kindsOf('DeadManStep')).toEqual(['ALERT', 'CONTROL']);
    expect(kindsOf('AlarmStop')).toEqual([]);
    expect(kindsOf('Archive')).toEqual([]);
    expect(kindsOf('Redrive')).toEqual([]);
  });

  it('S18: reconciles by its own keys, every five minutes and with a report each day, and reaches its own reports alone', () => {
    const reconcile = resourceOf(pipeline, 'AWS::Lambda::Function', 'ReconcileFunction');
    const prefix = `millrace/${environment}-reconciliation`;
    expect(reconcile.Properties.Environment).toMatchObject({ Variables: { MILLRACE_SECRETS: prefix } });
    const policy = JSON.stringify(resourceOf(pipeline, 'AWS::IAM::Policy', 'ReconcileRoleDefaultPolicy').Properties);
    expect(policy).toContain(`secret:${prefix}/*`);
    expect(policy.match(/secretsmanager:GetSecretValue/g)).toHaveLength(1);
    expect(policy).toContain('/reconciliation/*');
    expect(policy).not.toMatch(/kinesis:|sqs:|states:|s3:DeleteObject/);
    const rules = resourcesOf(pipeline, 'AWS::Events::Rule').map(([, { Properties }]) => Properties);
    for (const [expression, action] of [
      ['rate(5 minutes)', 'run'],
      ['cron(7 0 * * ? *)', 'daily'],
    ]) {
      const rule = rules.find((each) => each.ScheduleExpression === expression);
      expect(rule?.State).toBe(environment === 'local' ? 'DISABLED' : 'ENABLED');
      expect(JSON.stringify(rule?.Targets)).toContain(JSON.stringify(JSON.stringify({ action })));
    }
  });

  it('M7: watches leases all the time without any key, and cancels by keys of its own that who watches cannot read', () => {
    const prefix = `millrace/${environment}-dead-man`;
    const policyOf = (name: string) =>
      JSON.stringify(resourceOf(pipeline, 'AWS::IAM::Policy', `${name}RoleDefaultPolicy`).Properties);
    const watches = policyOf('DeadMan');
    expect(watches.match(/states:[A-Za-z]+/g)).toEqual(['states:StartExecution']);
    expect(watches).not.toMatch(/kinesis:|sqs:|s3:|sns:|secretsmanager:|ledgertable/i);
    const step = resourceOf(pipeline, 'AWS::Lambda::Function', 'DeadManStepFunction');
    expect(step.Properties.Environment).toMatchObject({ Variables: { MILLRACE_SECRETS: prefix } });
    const cancels = policyOf('DeadManStep');
    expect(cancels).toContain(`secret:${prefix}/*`);
    expect(cancels.match(/secretsmanager:GetSecretValue/g)).toHaveLength(1);
    expect(cancels).not.toMatch(/kinesis:|sqs:|s3:|states:|ledgertable/i);
    const rule = resourceOf(pipeline, 'AWS::Events::Rule', 'DeadManWatch').Properties;
    expect(rule).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      State: environment === 'local' ? 'DISABLED' : 'ENABLED',
    });
    expect(JSON.stringify(rule.Targets)).toContain(JSON.stringify(JSON.stringify({ action: 'watch' })));
    // Longer than it watches, and a step ends before the machine gives it up.
    expect(resourceOf(pipeline, 'AWS::Lambda::Function', 'DeadManFunction').Properties.Timeout).toBeGreaterThan(110);
    expect(step.Properties.Timeout).toBeLessThan(60);
  });

  it('H15: alarms stop trading by way of the command queue alone: those sent to a topic of their own, and alerts of the declared codes', () => {
    const { Properties } = resourceOf(pipeline, 'AWS::IAM::Policy', 'AlarmStopRoleDefaultPolicy');
    const policy = JSON.stringify(Properties);
    expect(new Set(policy.match(/sqs:[A-Za-z]+/g))).toEqual(new Set(['sqs:SendMessage']));
    expect(policy).not.toMatch(/dynamodb:|kinesis:|s3:|sns:|states:|secretsmanager:/);
    const { Variables } = z
      .object({ Variables: z.record(z.string(), z.unknown()) })
      .parse(resourceOf(pipeline, 'AWS::Lambda::Function', 'AlarmStopFunction').Properties.Environment);
    const stopTopic = z.object({ Ref: z.string() }).parse(Variables.MILLRACE_STOP_TOPIC).Ref;
    const codes = Object.keys(
      z.object({ alerts: z.record(z.string(), z.string()) }).parse(JSON.parse(String(Variables.MILLRACE_STOP_RULES)))
        .alerts,
    );
    expect(codes).toEqual(['DEAD_MAN_ACTED', 'DEAD_MAN_FAILED']);
    const subscriptions = resourcesOf(pipeline, 'AWS::SNS::Subscription')
      .map(([, each]) => each.Properties)
      .filter((each) => each.Protocol === 'lambda');
    expect(subscriptions).toHaveLength(2);
    for (const each of subscriptions) {
      const own = JSON.stringify(each.TopicArn).includes(stopTopic);
      expect(each.FilterPolicy).toEqual(own ? undefined : { code: codes });
    }
  });

  it('H15: a notice to stop that fails is tried again, and then lies where an alarm tells of it', () => {
    const { Properties } = resourceOf(pipeline, 'AWS::Lambda::EventInvokeConfig', 'AlarmStopFunctionEventInvokeConfig');
    const [deadId] = resourcesOf(pipeline, 'AWS::SQS::Queue').find(([id]) => id.startsWith('CommandDeadLetters')) ?? [];
    expect(Properties).toMatchObject({
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 900,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [deadId, 'Arn'] } } },
    });
    const policy = JSON.stringify(resourceOf(pipeline, 'AWS::IAM::Policy', 'AlarmStopRoleDefaultPolicy').Properties);
    expect(policy).toContain(JSON.stringify({ 'Fn::GetAtt': [deadId, 'Arn'] }));
  });

  it('runs what calls venues where its outgoing address is known', () => {
    const inside = functions.filter(([, each]) => each.Properties.VpcConfig !== undefined).map(([id]) => id);
    if (environment === 'local') expect(inside).toEqual([]);
    else
      expect(inside.sort()).toEqual([
        expect.stringMatching(/^ConfirmStepFunction/),
        expect.stringMatching(/^DeadManStepFunction/),
        expect.stringMatching(/^ReconcileFunction/),
      ]);
  });

  it('keeps commands that fail', () => {
    const queue = resourcesOf(pipeline, 'AWS::SQS::Queue').find(
      ([, each]) => each.Properties.RedrivePolicy !== undefined,
    );
    expect(queue?.[1].Properties.RedrivePolicy).toMatchObject({ maxReceiveCount: 5 });
    expect(queue?.[1].Properties.VisibilityTimeout).toBe(180);
    expect(JSON.stringify(queue?.[1].Properties.KmsMasterKeyId)).toContain('datakeyarn');
  });

  it('T10, H15: lets alarms publish to the alert topic and to the stop topic, whose key knows them', () => {
    const topicPolicies = resourcesOf(pipeline, 'AWS::SNS::TopicPolicy');
    expect(topicPolicies).toHaveLength(2);
    for (const [id, policy] of topicPolicies)
      expect(policy.Properties.PolicyDocument, id).toMatchObject({
        Statement: expect.arrayContaining([
          expect.objectContaining({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
          }),
        ]),
      });
    const key = resourceOf(templateOf(templatesOf(environment), 'Data'), 'AWS::KMS::Key', 'DataKey');
    expect(JSON.stringify(key.Properties.KeyPolicy)).toContain('cloudwatch.amazonaws.com');
  });

  it('encrypts alerts and refuses plain connections', () => {
    for (const [id, topic] of resourcesOf(pipeline, 'AWS::SNS::Topic'))
      expect(JSON.stringify(topic.Properties.KmsMasterKeyId), id).toContain('datakeyarn');
    for (const [id, policy] of resourcesOf(pipeline, 'AWS::SNS::TopicPolicy'))
      expect(JSON.stringify(policy.Properties), id).toContain('aws:SecureTransport');
  });

  it('withholds callbacks for practice in local only', () => {
    for (const [id, { Properties }] of functions)
      expect(Properties.Environment, id).toMatchObject({
        Variables: {
          MILLRACE_CONFIRMATION_DRILL: environment === 'local' ? '11' : '0',
          MILLRACE_BUILD: 'build-under-test',
        },
      });
  });
});
