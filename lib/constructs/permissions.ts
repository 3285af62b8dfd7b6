import { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import { type PublishedName, publishedParameter } from './published-names.ts';
import { configurationParameter } from './runtime-settings.ts';

function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return new PolicyStatement({ effect: Effect.ALLOW, actions: [...actions], resources: [...resources] });
}

/** What the service reads a stream with on behalf of a function. */
export function readStream(streamArn: string): PolicyStatement {
  return allow(
    [
      'kinesis:DescribeStream',
      'kinesis:DescribeStreamSummary',
      'kinesis:GetRecords',
      'kinesis:GetShardIterator',
      'kinesis:ListShards',
    ],
    [streamArn],
  );
}

export function writeStreams(...streamArns: string[]): PolicyStatement {
  return allow(['kinesis:PutRecord', 'kinesis:PutRecords'], streamArns);
}

export function readTable(...tableArns: string[]): PolicyStatement {
  return allow(['dynamodb:GetItem', 'dynamodb:Query'], tableArns);
}

/** Kinds of items, by what their partition keys begin with; a test holds them to what the adapters write. */
export type ItemKind = 'ACCOUNT' | 'ALERT' | 'CONFIRM' | 'CONTROL' | 'MARKET';

/**
 * Reads and conditional writes of some kinds of items: what writes candles cannot touch a fill, what writes alerts cannot touch a lease. No Scan, nothing deleted, no
 * change of the table itself. A request that names no key is none of these (`ForAllValues` alone would let it through).
 */
export function writeItems(tableArn: string, ...kinds: readonly [ItemKind, ...ItemKind[]]): PolicyStatement {
  const statement = allow(
    ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
    [tableArn],
  );
  statement.addCondition('ForAllValues:StringLike', { 'dynamodb:LeadingKeys': kinds.map((kind) => `${kind}#*`) });
  statement.addCondition('Null', { 'dynamodb:LeadingKeys': 'false' });
  return statement;
}

export function readObjects(bucketArn: string): PolicyStatement[] {
  return [allow(['s3:GetObject'], [`${bucketArn}/*`]), allow(['s3:ListBucket'], [bucketArn])];
}

/** Lambda asks for ListBucket as well where the bucket is a mapping's on-failure destination. */
export function writeObjects(bucketArn: string): PolicyStatement[] {
  return [allow(['s3:PutObject'], [`${bucketArn}/*`]), allow(['s3:ListBucket'], [bucketArn])];
}

/** Reads and writes objects whose keys begin with `prefix`, which ends with a slash. */
export function useObjectsUnder(bucketArn: string, prefix: string): PolicyStatement[] {
  const list = allow(['s3:ListBucket'], [bucketArn]);
  list.addCondition('StringLike', { 's3:prefix': `${prefix}*` });
  return [allow(['s3:GetObject', 's3:PutObject'], [`${bucketArn}/${prefix}*`]), list];
}

export function deleteObjects(bucketArn: string): PolicyStatement {
  return allow(['s3:DeleteObject'], [`${bucketArn}/*`]);
}

export function sendMessages(queueArn: string): PolicyStatement {
  return allow(['sqs:SendMessage'], [queueArn]);
}

export function receiveMessages(queueArn: string): PolicyStatement {
  return allow(
    ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'],
    [queueArn],
  );
}

export function publishTo(topicArn: string): PolicyStatement {
  return allow(['sns:Publish'], [topicArn]);
}

/** Encrypts and decrypts with the data key, which streams, buckets, queues and the topic are encrypted with. */
export function useKey(keyArn: string): PolicyStatement {
  return allow(['kms:Decrypt', 'kms:GenerateDataKey'], [keyArn]);
}

/** As `useKey`, for those who know the key by its environment's tag alone: its id is known in its own region only. */
export function useKeyOfEnvironment(
  keyArns: string,
  environment: Pick<EnvironmentConfiguration, 'name' | 'region'>,
): PolicyStatement {
  const statement = useKey(keyArns);
  statement.addCondition('StringEquals', {
    'aws:ResourceTag/millrace:environment': environment.name,
    'kms:ViaService': `kinesis.${environment.region}.amazonaws.com`,
  });
  return statement;
}

/** Names of the home region, read from another. */
export function readPublishedNames(
  scope: Construct,
  environment: EnvironmentConfiguration,
  names: readonly PublishedName[],
): PolicyStatement {
  const arnOf = (name: PublishedName) =>
    Stack.of(scope).formatArn({
      service: 'ssm',
      region: environment.region,
      resource: `parameter${publishedParameter(environment, name)}`,
    });
  return allow(['ssm:GetParameter'], names.map(arnOf));
}

/** The venue keys under a prefix. Secrets Manager appends six characters to a secret's name, hence the star. */
export function readVenueSecrets(scope: Construct, prefix: string, region?: string): PolicyStatement {
  const place = region === undefined ? {} : { region };
  return allow(
    ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
    [Stack.of(scope).formatArn({ service: 'secretsmanager', ...place, resource: `secret:${prefix}/*` })],
  );
}

export function readConfiguration(scope: Construct, environment: EnvironmentConfiguration): PolicyStatement {
  return allow(
    ['ssm:GetParameter'],
    [
      Stack.of(scope).formatArn({
        service: 'ssm',
        region: environment.region,
        resource: `parameter${configurationParameter(environment)}`,
      }),
    ],
  );
}

/** Starts executions of a machine. */
export function startMachine(machineArn: string): PolicyStatement {
  return allow(['states:StartExecution'], [machineArn]);
}

/** Answers the callbacks that executions of a machine wait for. */
export function answerMachine(machineArn: string): PolicyStatement {
  return allow(['states:SendTaskFailure', 'states:SendTaskSuccess'], [machineArn]);
}

/** Network interfaces of a function inside the VPC; EC2 knows no narrower resource for these. */
export function useNetworkInterfaces(): PolicyStatement {
  return allow(
    [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ],
    ['*'],
  );
}
