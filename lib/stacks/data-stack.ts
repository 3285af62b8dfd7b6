import { Duration, type Environment, Stack } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type CfnBucket,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { asBucket } from '../constructs/cdk-interfaces.ts';
import { removalPolicyOf } from '../constructs/kept-log-group.ts';
import { publishName } from '../constructs/published-names.ts';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';

export interface StackSettings {
  readonly environment: EnvironmentConfiguration;
  readonly env: Environment;
}

/** Objects that a mapping's on-failure destination writes begin with this (the service's own choice). */
const FAILED_BATCH_PREFIX = 'aws/lambda/';

/** What must not be lost: streams, ledger and control tables, archive, quarantine, and the key they are encrypted with. */
export class DataStack extends Stack {
  readonly #environment: EnvironmentConfiguration;
  readonly #key: Key;

  constructor(scope: Construct, id: string, props: StackSettings) {
    const keep = props.environment.retention.data === 'keep';
    super(scope, id, {
      env: props.env,
      description: 'Millrace: streams, tables, archive, quarantine',
      terminationProtection: keep,
    });
    this.#environment = props.environment;
    this.#key = this.#dataKey();
    this.#stream('MarketStream', 'market');
    this.#stream('TradingStream', 'trading');
    this.#table('LedgerTable', 'ledger-table');
    this.#table('ControlTable', 'control-table');
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...this.#bucketDefaults(),
      encryption: BucketEncryption.S3_MANAGED, // The log delivery service writes with no other.
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ expiration: Duration.days(props.environment.retention.accessLogDays) }],
    });
    this.#archive(accessLogs);
    this.#quarantine(accessLogs);
    publishName(this, props.environment, 'data-key-arn', this.#key.keyArn);
  }

  #dataKey(): Key {
    const key = new Key(this, 'DataKey', {
      description: 'Millrace: streams, buckets, queues, alert topic',
      enableKeyRotation: true,
      removalPolicy: removalPolicyOf(this.#environment),
    });
    // S3 tells the quarantine queue, alarms tell the alert topic: both are encrypted with this key.
    for (const service of ['s3.amazonaws.com', 'cloudwatch.amazonaws.com'])
      key.grant(
        new ServicePrincipal(service, { conditions: { StringEquals: { 'aws:SourceAccount': this.account } } }),
        'kms:Decrypt',
        'kms:GenerateDataKey*',
      );
    return key;
  }

  #stream(id: string, name: 'market' | 'trading'): void {
    const settings = this.#environment.streams[name];
    const stream = new Stream(this, id, {
      streamMode: StreamMode.PROVISIONED,
      shardCount: settings.shards,
      retentionPeriod: Duration.hours(settings.retentionHours),
      encryption: StreamEncryption.KMS,
      encryptionKey: this.#key,
      removalPolicy: removalPolicyOf(this.#environment),
    });
    publishName(this, this.#environment, `${name}-stream`, stream.streamName);
  }

  #table(id: string, name: 'ledger-table' | 'control-table'): void {
    const table = new TableV2(this, id, {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: 'expiresAt',
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: this.#environment.retention.data === 'keep',
      removalPolicy: removalPolicyOf(this.#environment),
    });
    publishName(this, this.#environment, name, table.tableName);
  }

  #bucketDefaults(): BucketProps {
    return {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: removalPolicyOf(this.#environment),
    };
  }

  #archive(accessLogs: Bucket): void {
    const bucket = new Bucket(this, 'Archive', {
      ...this.#bucketDefaults(),
      encryption: BucketEncryption.KMS,
      encryptionKey: this.#key,
      bucketKeyEnabled: true,
      versioned: true,
      serverAccessLogsBucket: asBucket(accessLogs),
      serverAccessLogsPrefix: 'archive/',
      lifecycleRules: [
        { noncurrentVersionExpiration: Duration.days(30), abortIncompleteMultipartUploadAfter: Duration.days(2) },
      ],
    });
    publishName(this, this.#environment, 'archive-bucket', bucket.bucketName);
  }

  /** Records that can never succeed, whole, and the notice of each. A failed batch of a mapping gives its notice through the bucket. */
  #quarantine(accessLogs: Bucket): void {
    const queue = new Queue(this, 'QuarantineQueue', {
      retentionPeriod: Duration.days(14),
      visibilityTimeout: Duration.minutes(5),
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: this.#key,
      enforceSSL: true,
      removalPolicy: removalPolicyOf(this.#environment),
    });
    queue.grantSendMessages(
      new ServicePrincipal('s3.amazonaws.com', { conditions: { StringEquals: { 'aws:SourceAccount': this.account } } }),
    );
    const bucket = new Bucket(this, 'Quarantine', {
      ...this.#bucketDefaults(),
      encryption: BucketEncryption.KMS,
      encryptionKey: this.#key,
      bucketKeyEnabled: true,
      serverAccessLogsBucket: asBucket(accessLogs),
      serverAccessLogsPrefix: 'quarantine/',
      lifecycleRules: [{ expiration: Duration.days(this.#environment.retention.quarantineDays) }],
    });
    // Written on the resource itself: the construct's own way would deploy a Lambda to set it.
    const resource = bucket.node.defaultChild as CfnBucket;
    resource.notificationConfiguration = {
      queueConfigurations: [
        {
          event: 's3:ObjectCreated:*',
          queue: queue.queueArn,
          filter: { s3Key: { rules: [{ name: 'prefix', value: FAILED_BATCH_PREFIX }] } },
        },
      ],
    };
    resource.node.addDependency(queue); // S3 refuses a queue whose policy does not let it in yet.
    publishName(this, this.#environment, 'quarantine-bucket', bucket.bucketName);
    publishName(this, this.#environment, 'quarantine-queue', queue.queueName);
    publishName(this, this.#environment, 'quarantine-queue-url', queue.queueUrl);
  }
}
