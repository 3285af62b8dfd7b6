import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';

/** A log group with the environment's retention. */
export function keptLogGroup(scope: Construct, id: string, environment: EnvironmentConfiguration): LogGroup {
  return new LogGroup(scope, id, {
    retention: environment.retention.logDays,
    removalPolicy: removalPolicyOf(environment),
  });
}

/** Whether what holds data outlives its stack. */
export function removalPolicyOf(environment: EnvironmentConfiguration): RemovalPolicy {
  return environment.retention.data === 'keep' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}
