import { Duration } from 'aws-cdk-lib';
import { CfnPolicy } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Choice,
  Condition,
  DefinitionBody,
  Errors,
  Fail,
  IntegrationPattern,
  JsonPath,
  LogLevel,
  StateMachine,
  Succeed,
  TaskInput,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { Construct } from 'constructs';
import type { EnvironmentConfiguration } from '../environments/environment-configuration.ts';
import { keptLogGroup } from './kept-log-group.ts';

export interface OrderConfirmationProps {
  readonly environment: EnvironmentConfiguration;
  /** `step` carries out every action of the machine (`functions/confirm-step`). */
  readonly handlers: { readonly step: IFunction };
  /** First wait for a callback; the next ones are three, nine and twenty-seven times as long. Default: the environment's `confirmation.awaitSeconds`. */
  readonly awaitSeconds?: number;
  /** From the intent: what has not ended by then and could open a position is cancelled. Longer than any such order may rest. */
  readonly deadlineSeconds?: number;
  /** From the first cancel: what is unclear by then is unknown, and people are asked. */
  readonly verifySeconds?: number;
  /** How long the ledger may lack what the venue says before that is an alert. */
  readonly graceSeconds?: number;
  /** How long a person's answer is waited for. */
  readonly personSeconds?: number;
}

const GROWTH = [1, 3, 9, 27] as const;
const LONGEST_WAIT_SECONDS = 900;

/**
 * Follows one order to its proven end: a Standard execution, named by the client order id, with the input `{order}` (`core/confirmation`). A dumb loop: wait for
 * the callback, ask the venue, let `decideConfirmation` say again, cancel, done, person or unknown. Each wait is a state of its own with a fixed TimeoutSeconds:
 * emulators do not read TimeoutSecondsPath, and a callback without a time limit hangs for good.
 * The least an order costs is five transitions (wait, decide, choice, end, and the start).
 */
export class OrderConfirmation extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: OrderConfirmationProps) {
    super(scope, id);
    const { environment, handlers } = props;
    const { awaitSeconds = environment.confirmation.awaitSeconds, graceSeconds = 15 } = props;
    const { deadlineSeconds = 900, verifySeconds = 120, personSeconds = 3 * 86_400 } = props;
    const waitSeconds = GROWTH.map((factor) =>
      Math.max(awaitSeconds, Math.min(factor * awaitSeconds, LONGEST_WAIT_SECONDS)),
    );
    const settings = { waitSeconds, deadlineSeconds, verifySeconds, graceSeconds };

    /** An action that answers with the whole next record. Asking and deciding may be repeated; cancelling is not, the loop decides on that. */
    const action = (name: string, comment: string, what: string, repeatable: boolean) =>
      new LambdaInvoke(this, name, {
        comment,
        lambdaFunction: handlers.step,
        payload: TaskInput.fromObject({ action: what, settings, record: JsonPath.entirePayload }),
        outputPath: '$.Payload',
        retryOnServiceExceptions: repeatable,
        taskTimeout: Timeout.duration(Duration.seconds(60)),
      });
    /** An action that leaves a task token behind and ends when somebody answers it, or in time. */
    const callback = (name: string, comment: string, what: string, seconds: number) =>
      new LambdaInvoke(this, name, {
        comment,
        lambdaFunction: handlers.step,
        integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        payload: TaskInput.fromObject({
          action: what,
          settings,
          token: JsonPath.taskToken,
          record: JsonPath.entirePayload,
        }),
        resultPath: '$.callback',
        retryOnServiceExceptions: false,
        taskTimeout: Timeout.duration(Duration.seconds(seconds)),
      });

    const query = action('AskVenue', 'Order, open orders, fills and position, by REST', 'query', true);
    const decide = action('Decide', 'The pure function of core', 'decide', true);
    const cancel = action('CancelOrder', 'By REST; the loop verifies what came of it', 'cancel', false);
    const waits = waitSeconds.map((seconds, index) =>
      callback(
        `AwaitCallback${index + 1}`,
        `The engine's report of a terminal state, for ${seconds} s`,
        'await',
        seconds,
      ),
    );
    const askPerson = callback('AskPerson', 'People are alerted and decide', 'notifyPerson', personSeconds);
    const confirmed = new Succeed(this, 'Confirmed', { outputPath: '$.decision.outcome' });
    const remainsUnknown = new Succeed(this, 'RemainsUnknown', {
      comment: 'Nobody answered in time',
      outputPath: '$.decision.outcome',
    });
    const notDecided = new Fail(this, 'NotDecided', { error: 'CONFIRMATION_NOT_DECIDED', cause: 'no such decision' });

    for (const wait of waits) {
      wait.next(decide);
      // A time-out is the normal way to the venue; so is a step that failed before it left its token.
      wait.addCatch(query, { errors: [Errors.ALL], resultPath: '$.missed' });
    }
    query.next(decide);
    query.addCatch(decide, { errors: [Errors.ALL], resultPath: '$.missed' });
    const first = waits[0];
    if (first === undefined) throw new Error('there is always a first wait');
    cancel.next(first);
    cancel.addCatch(query, { errors: [Errors.ALL], resultPath: '$.missed' });
    askPerson.next(decide);
    askPerson.addCatch(remainsUnknown, { errors: [Errors.ALL], resultPath: '$.missed' });

    const choice = new Choice(this, 'WhatNext')
      .when(Condition.stringEquals('$.decision.kind', 'done'), confirmed)
      .when(Condition.stringEquals('$.decision.kind', 'cancel'), cancel)
      .when(Condition.stringEquals('$.decision.kind', 'person'), askPerson)
      .when(Condition.stringEquals('$.decision.kind', 'unknown'), askPerson);
    for (const [index, wait] of waits.entries()) {
      const again = Condition.stringEquals('$.decision.kind', 'again');
      choice.when(Condition.and(again, Condition.numberEquals('$.decision.wait', index)), wait);
    }
    choice.otherwise(notDecided);
    decide.next(choice);

    const longest = Math.max(...waitSeconds);
    this.stateMachine = new StateMachine(this, 'Machine', {
      comment: 'One order to its proven end',
      definitionBody: DefinitionBody.fromChainable(first),
      // The bound of the loop, the person included, with room for one round more.
      timeout: Duration.seconds(deadlineSeconds + verifySeconds + 2 * personSeconds + longest + 600),
      tracingEnabled: true,
      logs: { destination: keptLogGroup(this, 'Logs', environment), level: LogLevel.ALL, includeExecutionData: false },
    });
    this.allowAnswers('StepAnswers', handlers.step);
  }

  /**
   * Lets a function complete the waits of this machine. The statement is a policy of its own: inside the function's role it would make a circle,
   * since the machine refers to its step function.
   */
  allowAnswers(id: string, lambda: IFunction): void {
    const role = lambda.role;
    if (role === undefined) throw new Error(`${lambda.node.path} has no role`);
    new CfnPolicy(this, id, {
      policyName: `${id}-${this.node.addr.slice(-8)}`,
      roles: [role.roleName],
      policyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['states:SendTaskFailure', 'states:SendTaskSuccess'],
            Resource: this.stateMachine.stateMachineArn,
          },
        ],
      },
    });
  }
}
