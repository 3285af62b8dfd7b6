import { describe, expect, it } from 'vitest';
import { resourceOf, resourcesOf, templateOf, templatesOf } from './support/synthesized.ts';

describe.each(['local', 'dev', 'prod'])('data stack of %s', (environment) => {
  const data = templateOf(templatesOf(environment), 'Data');
  const keeps = environment === 'prod';

  it('encrypts every stream with our key and keeps at least a day', () => {
    const streams = resourcesOf(data, 'AWS::Kinesis::Stream');
    expect(streams).toHaveLength(2);
    for (const [, { Properties }] of streams) {
      expect(Properties.StreamEncryption).toMatchObject({
        EncryptionType: 'KMS',
        KeyId: { 'Fn::GetAtt': [expect.stringMatching(/^DataKey/), 'Arn'] },
      });
      expect(Properties.StreamModeDetails).toEqual({ StreamMode: 'PROVISIONED' });
      expect(Number(Properties.RetentionPeriodHours)).toBeGreaterThanOrEqual(24);
    }
  });

  it('T3: can restore every table to any moment, and deletes none by accident where data is kept', () => {
    const tables = resourcesOf(data, 'AWS::DynamoDB::GlobalTable');
    expect(tables.map(([id]) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual(['LedgerTable', 'ControlTable']);
    for (const [, { Properties, DeletionPolicy }] of tables) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        SSESpecification: { SSEEnabled: true },
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
        Replicas: [
          {
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
            DeletionProtectionEnabled: keeps,
          },
        ],
      });
      expect(DeletionPolicy).toBe(keeps ? 'Retain' : 'Delete');
    }
  });

  it('shuts every bucket to the public and to plain connections', () => {
    const buckets = resourcesOf(data, 'AWS::S3::Bucket');
    expect(buckets).toHaveLength(3);
    const policies = resourcesOf(data, 'AWS::S3::BucketPolicy');
    for (const [id, { Properties, DeletionPolicy }] of buckets) {
      expect(Properties.PublicAccessBlockConfiguration, id).toEqual({
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      });
      expect(Properties.BucketEncryption, id).toBeDefined();
      expect(DeletionPolicy, id).toBe(keeps ? 'Retain' : 'Delete');
      const policy = policies.find(([, each]) => JSON.stringify(each.Properties.Bucket).includes(id));
      const document = JSON.stringify(policy?.[1].Properties.PolicyDocument);
      expect(document, id).toContain('"aws:SecureTransport":"false"');
      expect(document, id).toContain('s3:TlsVersion');
    }
  });

  it('T4: tells the quarantine queue of every failed batch, once S3 may write to it', () => {
    const bucket = resourceOf(data, 'AWS::S3::Bucket', 'Quarantine');
    expect(bucket.Properties.NotificationConfiguration).toMatchObject({
      QueueConfigurations: [
        {
          Event: 's3:ObjectCreated:*',
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'aws/lambda/' }] } },
        },
      ],
    });
    const [policy] = resourcesOf(data, 'AWS::SQS::QueuePolicy');
    expect(JSON.stringify(policy?.[1].Properties)).toContain('s3.amazonaws.com');
    const key = resourceOf(data, 'AWS::KMS::Key', 'DataKey');
    expect(JSON.stringify(key.Properties.KeyPolicy)).toContain('s3.amazonaws.com');
    expect(key.Properties.EnableKeyRotation).toBe(true);
  });

  it('publishes each name as an output and as a parameter', () => {
    const parameters = resourcesOf(data, 'AWS::SSM::Parameter').map(([, each]) => each.Properties.Name);
    for (const name of [
      'market-stream',
      'trading-stream',
      'ledger-table',
      'control-table',
      'archive-bucket',
      'quarantine-bucket',
      'quarantine-queue-url',
      'data-key-arn',
    ])
      expect(parameters).toContain(`/millrace/${environment}/names/${name}`);
    expect(Object.keys(data.Outputs)).toEqual(
      expect.arrayContaining(['MarketStream', 'LedgerTable', 'QuarantineQueueUrl']),
    );
  });
});
