import { CfnOutput, Stack } from 'aws-cdk-lib';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import { pascalCase } from './pascal-case.ts';

/** The names that stacks tell one another and the runner. Values are physical names unless the word says otherwise. */
export type PublishedName =
  | 'data-key-arn'
  | 'market-stream'
  | 'trading-stream'
  | 'ledger-table'
  | 'control-table'
  | 'archive-bucket'
  | 'quarantine-bucket'
  | 'quarantine-queue'
  | 'quarantine-queue-url'
  | 'alert-topic-arn'
  | 'command-queue'
  | 'command-queue-url'
  | 'command-dead-letter-queue'
  | 'confirmation-machine-arn'
  | 'dead-man-machine-arn'
  | 'stop-topic-arn'
  | `${string}-function`
  | 'engine-cluster'
  | 'engine-service'
  | 'engine-task-definition-arn'
  | 'engine-task-count'
  | 'engine-log-group'
  | `private-subnet-${string}`
  | 'outgoing-security-group'
  | `outgoing-address-${string}`;

/** Where a published name stands in Parameter Store. */
export function publishedParameter(environment: Pick<EnvironmentConfiguration, 'name'>, name: PublishedName): string {
  return `/millrace/${environment.name}/names/${name}`;
}

/**
 * Makes a name known: as a stack output for people and runners, and as a parameter for the other stacks.
 * Stacks never import one another's exports: an export pins its resource for as long as anyone imports it, so that stacks
 * of different lifetimes could no longer be changed apart.
 */
export function publishName(
  scope: Construct,
  environment: EnvironmentConfiguration,
  name: PublishedName,
  value: string,
): void {
  const stack = Stack.of(scope);
  const names = stack.node.tryFindChild('Names') ?? new Construct(stack, 'Names');
  const id = pascalCase(name);
  new StringParameter(names, `${id}Parameter`, {
    parameterName: publishedParameter(environment, name),
    stringValue: value,
    description: `Millrace: ${name.replaceAll('-', ' ')}`,
  });
  new CfnOutput(names, id, { key: id, value });
}

/** The value another stack has published; read when this stack is deployed. */
export function publishedName(scope: Construct, environment: EnvironmentConfiguration, name: PublishedName): string {
  return StringParameter.valueForStringParameter(scope, publishedParameter(environment, name));
}
