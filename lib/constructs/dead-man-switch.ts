import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Choice,
  Condition,
  DefinitionBody,
  Errors,
  Fail,
  JsonPath,
  LogLevel,
  StateMachine,
  Succeed,
  TaskInput,
  Timeout,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import { keptLogGroup } from './kept-log-group.ts';

export interface DeadManSwitchProps {
  readonly environment: EnvironmentConfiguration;
  /** `functions/dead-man-step`. */
  readonly step: IFunction;
  /** Between a clean look and the one that proves it. */
  readonly soonSeconds?: number;
  /** Between looks of which one failed. */
  readonly againSeconds?: number;
}

/**
 * What is done about one standstill of a unit: a Standard execution, named by unit, epoch and renewal number, so that it runs once. A dumb loop: look and cancel, wait, look
 * again, until the step says that the venue has nothing open, that somebody lives, or that it gives up. A step that fails is carried out again with the record it had.
 */
export class DeadManSwitch extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: DeadManSwitchProps) {
    super(scope, id);
    const { environment, step, soonSeconds = 2, againSeconds = 15 } = props;
    const look = new LambdaInvoke(this, 'LookAndCancel', {
      comment: 'The lease once more, then the venue, by keys of its own',
      lambdaFunction: step,
      payload: TaskInput.fromObject({ action: 'cancel', record: JsonPath.entirePayload }),
      outputPath: '$.Payload',
      retryOnServiceExceptions: true,
      taskTimeout: Timeout.duration(Duration.seconds(60)),
    });
    const wait = (name: string, seconds: number) =>
      new Wait(this, name, { time: WaitTime.duration(Duration.seconds(seconds)) });
    const soon = wait('LookSoon', soonSeconds).next(look);
    const again = wait('LookAgain', againSeconds).next(look);
    look.addCatch(again, { errors: [Errors.ALL], resultPath: '$.missed' });
    look.next(
      new Choice(this, 'WhatNext')
        .when(Condition.stringEquals('$.decision.kind', 'soon'), soon)
        .when(Condition.stringEquals('$.decision.kind', 'again'), again)
        .when(Condition.stringEquals('$.decision.kind', 'done'), new Succeed(this, 'NothingOpen'))
        .when(Condition.stringEquals('$.decision.kind', 'alive'), new Succeed(this, 'LookedAfter'))
        .otherwise(
          new Fail(this, 'StillOpen', {
            error: 'DEAD_MAN_GIVEN_UP',
            cause: 'the venue never said that nothing is open',
          }),
        ),
    );
    this.stateMachine = new StateMachine(this, 'Machine', {
      comment: 'Orders of an engine that fell silent, until the venue has none open',
      definitionBody: DefinitionBody.fromChainable(look),
      timeout: Duration.hours(6),
      tracingEnabled: true,
      logs: { destination: keptLogGroup(this, 'Logs', environment), level: LogLevel.ALL, includeExecutionData: false },
    });
  }
}
