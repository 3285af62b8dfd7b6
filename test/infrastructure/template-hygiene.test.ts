import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { appOf, templatesOf } from './support/synthesized.ts';

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

  it('invoke no confirmation without a deadline', () => {
    for (const template of templates.values())
      for (const each of Object.values(template.Resources)) {
        if (each.Type !== 'AWS::StepFunctions::StateMachine') continue;
        const definition = JSON.stringify(each.Properties.DefinitionString);
        expect(definition).toMatch(/TimeoutSeconds/);
        const callbacks = definition.match(/waitForTaskToken/g) ?? [];
        const deadlines = definition.match(/TimeoutSeconds(Path)?|HeartbeatSeconds/g) ?? [];
        expect(deadlines.length).toBeGreaterThan(callbacks.length);
      }
  });
});

describe.skipIf(!INSTALLED && process.env.CI === undefined)('cfn-lint', () => {
  it.each(['dev', 'prod'])('finds nothing in %s', (environment) => {
    const templates = appOf(environment)
      .synth()
      .stacks.map((stack) => stack.templateFullPath);
    expect(templates.length).toBe(5);
    const run = () =>
      execFileSync(CFN_LINT, ['--ignore-checks', ...IGNORED_RULES, '--', ...templates], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(run()).toBe('');
  });
});
