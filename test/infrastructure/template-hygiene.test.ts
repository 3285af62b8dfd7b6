import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { appOf, resourcesOf, templatesOf } from './support/synthesized.ts';

const CFN_LINT = path.resolve(import.meta.dirname, '../../.millrace/venv/bin/cfn-lint');
const INSTALLED = existsSync(CFN_LINT);
if (!INSTALLED && process.env.CI === undefined)
  console.warn(`SKIPPED: cfn-lint is not installed (${CFN_LINT}); npm test sets it up`);

/** Rules of cfn-lint that do not fit what CDK writes, and why. */
const IGNORED_RULES = [
  'W3005', // CDK names dependencies that an attribute already implies: the policies of a role hang on them.
  'W3010', // Zones stand in the environment's configuration, so that subnets do not move when AWS adds one.
];

/** Properties that would fix a physical name, so that nothing could be replaced, nor two environments share an account. */
const NAME_PROPERTIES = [
  'AlarmName',
  'BucketName',
  'ClusterName',
  'DashboardName',
  'FunctionName',
  'KeyName',
  'LogGroupName',
  'Name',
  'PolicyName',
  'QueueName',
  'RoleName',
  'ServiceName',
  'StateMachineName',
  'StreamName',
  'TableName',
  'TopicName',
];
/** Types whose name is a contract (parameters), lies inside their role (policies), or names what they belong to (mappings, endpoints). */
const NAMED_TYPES = [
  'AWS::SSM::Parameter',
  'AWS::IAM::Policy',
  'AWS::Lambda::EventSourceMapping',
  'AWS::EC2::VPCEndpoint',
];

const machineDefinition = z.object({
  TimeoutSeconds: z.number(),
  States: z.record(
    z.string(),
    z.object({
      Type: z.string(),
      Resource: z.string().optional(),
      TimeoutSeconds: z.number().optional(),
      Parameters: z.unknown().optional(),
      Retry: z.unknown().optional(),
    }),
  ),
});

/** The definition of a state machine, with a word in place of each reference. */
function definitionOf(text: unknown): z.infer<typeof machineDefinition> {
  const parts = z.object({ 'Fn::Join': z.tuple([z.literal(''), z.array(z.unknown())]) }).parse(text)['Fn::Join'][1];
  return machineDefinition.parse(JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'REF')).join('')));
}

describe.each(['local', 'dev', 'prod'])('the stacks of %s', (environment) => {
  it('synthesize without credentials: nothing is looked up in the account', () => {
    expect(appOf(environment).synth().manifest.missing ?? []).toEqual([]);
  });
});

describe.each(['local', 'dev', 'prod'])('templates of %s', (environment) => {
  const templates = templatesOf(environment);
  const text = JSON.stringify([...templates.values()]);

  it('import no export of another stack: stacks are changed and removed apart', () => {
    expect(text).not.toMatch(/Fn::ImportValue|Fn::GetStackOutput|"Export":/);
  });

  it('read only names that another stack publishes', () => {
    const published = new Set<unknown>();
    const read: string[] = [];
    for (const template of templates.values()) {
      for (const each of Object.values(template.Resources))
        if (each.Type === 'AWS::SSM::Parameter') published.add(each.Properties.Name);
      for (const each of Object.values(template.Parameters))
        if (each.Default?.startsWith('/millrace/')) read.push(each.Default);
    }
    expect(read.length).toBeGreaterThan(10);
    for (const name of read) expect(published).toContain(name);
  });

  it('fix no physical name', () => {
    for (const [stack, template] of templates)
      for (const [id, each] of Object.entries(template.Resources)) {
        if (NAMED_TYPES.includes(each.Type)) continue;
        for (const property of NAME_PROPERTIES)
          if (typeof each.Properties[property] === 'string')
            expect.fail(`${stack}/${id} (${each.Type}) fixes ${property}=${each.Properties[property]}`);
      }
  });

  it('R6: hold no secret', () => {
    expect(text).not.toMatch(/AKIA[0-9A-Z]{16}|-----BEGIN|resolve:secretsmanager|"SecretString"|NoEcho/);
    expect(text).not.toMatch(/MILLRACE_SECRET_[A-Z]/);
  });

  it('deploy no function of CDK’s own', () => {
    expect(text).not.toMatch(/Custom::|CustomResourceProvider/);
  });

  it('H3: wait for no callback without a time limit, and cancel no order twice', () => {
    const machines = [...templates.values()].flatMap((template) =>
      resourcesOf(template, 'AWS::StepFunctions::StateMachine'),
    );
    // That of order confirmation, which waits for callbacks and does not repeat a cancel by itself; and that of the dead-man switch, whose step asks what is open before it cancels.
    expect(machines).toHaveLength(2);
    for (const [, { Properties }] of machines) {
      expect(Properties).toMatchObject({
        TracingConfiguration: { Enabled: true },
        LoggingConfiguration: { Level: 'ALL' },
      });
      const { TimeoutSeconds, States } = definitionOf(Properties.DefinitionString);
      expect(TimeoutSeconds).toBeGreaterThan(0);
      const tasks = Object.entries(States).filter(([, state]) => state.Type === 'Task');
      const callbacks = tasks.filter(([, state]) => state.Resource?.endsWith('.waitForTaskToken'));
      for (const [name, state] of tasks) expect(state.TimeoutSeconds, name).toBeGreaterThan(0);
      const cancelling = tasks.filter(([, state]) => JSON.stringify(state.Parameters).includes('"cancel"'));
      expect(cancelling.length).toBeGreaterThan(0);
      if (callbacks.length > 0) for (const [name, state] of cancelling) expect(state.Retry, name).toBeUndefined();
    }
    const waiting = machines.filter(([, each]) => JSON.stringify(each.Properties).includes('.waitForTaskToken'));
    expect(waiting).toHaveLength(1);
  });
});

describe.skipIf(!INSTALLED && process.env.CI === undefined)('cfn-lint', () => {
  it.each(['dev', 'prod'])('finds nothing in %s', (environment) => {
    const templates = appOf(environment)
      .synth()
      .stacks.map((stack) => stack.templateFullPath);
    expect(templates.length).toBe(environment === 'prod' ? 14 : 5);
    const run = () =>
      execFileSync(CFN_LINT, ['--ignore-checks', ...IGNORED_RULES, '--', ...templates], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(run()).toBe('');
  });
});
