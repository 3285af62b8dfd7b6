import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { OrderConfirmation, type OrderConfirmationProps } from '#lib/constructs/order-confirmation.ts';
import { selectEnvironment } from '#lib/environments/select-environment.ts';
import { MACHINE, type Machine } from './state-machine.ts';

/** The stack of one confirmation machine, with a function that is never run. */
export function confirmationTemplate(
  props: Partial<Omit<OrderConfirmationProps, 'environment' | 'handlers'>> = {},
): Template {
  const stack = new Stack(new App(), 'Test');
  const step = new LambdaFunction(stack, 'Step', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => null'),
  });
  new OrderConfirmation(stack, 'OrderConfirmation', {
    environment: selectEnvironment('local', {}),
    handlers: { step },
    ...props,
  });
  return Template.fromStack(stack);
}

/** The definition of the template's machine as text, with `functionArn` in place of each reference. */
export function machineText(template: Template, functionArn = 'REFERENCE'): string {
  const [found] = Object.values(template.findResources('AWS::StepFunctions::StateMachine'));
  const text: unknown = found?.Properties?.DefinitionString?.['Fn::Join']?.[1];
  if (!Array.isArray(text)) throw new Error('the template defines no machine');
  const partition = (part: object) => 'Ref' in part && part.Ref === 'AWS::Partition';
  return text.map((part) => (typeof part === 'string' ? part : partition(part) ? 'aws' : functionArn)).join('');
}

/** The machine that the template defines. */
export function machineOf(template: Template): Machine {
  return MACHINE.parse(JSON.parse(machineText(template)));
}
