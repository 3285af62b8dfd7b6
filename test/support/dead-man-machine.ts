import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { DeadManSwitch } from '#lib/constructs/dead-man-switch.ts';
import { selectEnvironment } from '#lib/environments/select-environment.ts';

/** The stack of the dead-man switch's machine, with a function that is never run. */
export function deadManTemplate(): Template {
  const stack = new Stack(new App(), 'Test');
  const step = new LambdaFunction(stack, 'Step', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => null'),
  });
  new DeadManSwitch(stack, 'DeadManSwitch', { environment: selectEnvironment('local', {}), step });
  return Template.fromStack(stack);
}
