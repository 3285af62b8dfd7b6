import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import { type PublishedName, publishedName, publishedParameter } from './published-names.ts';

/** What the data stack holds, as the other stacks see it. */
export interface DataNames {
  readonly keyArn: string;
  readonly marketStream: string;
  readonly marketStreamArn: string;
  readonly tradingStream: string;
  readonly tradingStreamArn: string;
  readonly ledgerTable: string;
  readonly ledgerTableArn: string;
  readonly controlTable: string;
  readonly controlTableArn: string;
  readonly archiveBucket: string;
  readonly archiveBucketArn: string;
  readonly quarantineBucket: string;
  readonly quarantineBucketArn: string;
  readonly quarantineQueueUrl: string;
  readonly quarantineQueueArn: string;
}

/** Reads the names of the data stack for the stack of `scope`; only what is asked for becomes a parameter of that stack. */
export function dataNames(scope: Construct, environment: EnvironmentConfiguration): DataNames {
  const stack = Stack.of(scope);
  const named = (name: PublishedName) => publishedName(stack, environment, name);
  const arn = (service: string, resource: string, name: PublishedName) =>
    stack.formatArn({ service, resource, resourceName: named(name) });
  const bucketArn = (name: PublishedName) =>
    stack.formatArn({ service: 's3', region: '', account: '', resource: named(name) });
  return {
    get keyArn() {
      return named('data-key-arn');
    },
    get marketStream() {
      return named('market-stream');
    },
    get marketStreamArn() {
      return arn('kinesis', 'stream', 'market-stream');
    },
    get tradingStream() {
      return named('trading-stream');
    },
    get tradingStreamArn() {
      return arn('kinesis', 'stream', 'trading-stream');
    },
    get ledgerTable() {
      return named('ledger-table');
    },
    get ledgerTableArn() {
      return arn('dynamodb', 'table', 'ledger-table');
    },
    get controlTable() {
      return named('control-table');
    },
    get controlTableArn() {
      return arn('dynamodb', 'table', 'control-table');
    },
    get archiveBucket() {
      return named('archive-bucket');
    },
    get archiveBucketArn() {
      return bucketArn('archive-bucket');
    },
    get quarantineBucket() {
      return named('quarantine-bucket');
    },
    get quarantineBucketArn() {
      return bucketArn('quarantine-bucket');
    },
    get quarantineQueueUrl() {
      return named('quarantine-queue-url');
    },
    get quarantineQueueArn() {
      return stack.formatArn({ service: 'sqs', resource: named('quarantine-queue') });
    },
  };
}

/**
 * The same as seen from another region, whose stacks cannot read the home region's parameters. A name is where it is to be asked for at start (`ssm:<parameter>`); an ARN is
 * what the data stack's physical names begin with: the stack's name and the id in it.
 */
export function homeDataNames(scope: Construct, environment: EnvironmentConfiguration): DataNames {
  const stack = Stack.of(scope);
  const asked = (name: PublishedName) => `ssm:${publishedParameter(environment, name)}`;
  const dataStack = `Millrace-${environment.name}-Data`;
  const arn = (service: string, resource: string, id: string) =>
    stack.formatArn({ service, region: environment.region, resource, resourceName: id });
  // S3 names are lower case, and no engine touches a bucket.
  const bucketArn = (id: string) =>
    stack.formatArn({ service: 's3', region: '', account: '', resource: `${dataStack.toLowerCase()}-${id}*` });
  return {
    keyArn: arn('kms', 'key', '*'),
    marketStream: asked('market-stream'),
    marketStreamArn: arn('kinesis', 'stream', `${dataStack}-MarketStream*`),
    tradingStream: asked('trading-stream'),
    tradingStreamArn: arn('kinesis', 'stream', `${dataStack}-TradingStream*`),
    ledgerTable: asked('ledger-table'),
    ledgerTableArn: arn('dynamodb', 'table', `${dataStack}-LedgerTable*`),
    controlTable: asked('control-table'),
    controlTableArn: arn('dynamodb', 'table', `${dataStack}-ControlTable*`),
    archiveBucket: asked('archive-bucket'),
    archiveBucketArn: bucketArn('archive'),
    quarantineBucket: asked('quarantine-bucket'),
    quarantineBucketArn: bucketArn('quarantine'),
    quarantineQueueUrl: asked('quarantine-queue-url'),
    quarantineQueueArn: stack.formatArn({
      service: 'sqs',
      region: environment.region,
      resource: `${dataStack}-QuarantineQueue*`,
    }),
  };
}
