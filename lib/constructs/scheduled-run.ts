import type { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, type Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';

/** When a function is run by itself, and with what input. */
export interface ScheduledRunProps {
  readonly environment: EnvironmentConfiguration;
  readonly lambda: IFunction;
  readonly schedule: Schedule;
  readonly input: Readonly<Record<string, unknown>>;
  /** A run that could not be started in time is left to the next one. */
  readonly startWithin: Duration;
}

/** Runs a function on a schedule. Off in `local`, where nothing runs by the clock of the emulator: runs are asked for. */
export function runOnSchedule(scope: Construct, id: string, props: ScheduledRunProps): Rule {
  return new Rule(scope, id, {
    schedule: props.schedule,
    enabled: props.environment.name !== 'local',
    targets: [
      new LambdaFunction(props.lambda, {
        event: RuleTargetInput.fromObject(props.input),
        maxEventAge: props.startWithin,
        retryAttempts: 1,
      }),
    ],
  });
}
