import { App } from 'aws-cdk-lib';
import { z } from 'zod';
import { selectEnvironment } from '#lib/environments/select-environment.ts';
import { FEATURE_FLAGS } from '#lib/feature-flags.ts';
import { buildMillrace } from '#lib/millrace.ts';

/** Variables with which every environment is whole. */
export const DEPLOYER_VARIABLES = {
  MILLRACE_DEV_ACCOUNT: '111111111111',
  MILLRACE_DEV_REGION: 'eu-west-1',
  MILLRACE_PROD_ACCOUNT: '222222222222',
  MILLRACE_PROD_REGION: 'ap-southeast-1',
} as const;

const resource = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
const template = z.object({
  Resources: z.record(z.string(), resource),
  Parameters: z.record(z.string(), z.object({ Type: z.string(), Default: z.string().optional() })).default({}),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })).default({}),
});
export type SynthesizedResource = z.infer<typeof resource>;
export type SynthesizedTemplate = z.infer<typeof template>;

/** An app of one environment, as `bin/millrace.ts` builds it, without bundling the functions. */
export function appOf(environment: string): App {
  const app = new App({
    analyticsReporting: false,
    postCliContext: { ...FEATURE_FLAGS, 'aws:cdk:bundling-stacks': [] },
  });
  buildMillrace(app, { environment: selectEnvironment(environment, DEPLOYER_VARIABLES), build: 'build-under-test' });
  return app;
}

const synthesized = new Map<string, ReadonlyMap<string, SynthesizedTemplate>>();

/** The templates of an environment by the last word of their stack: `Data`, `Pipeline`, … */
export function templatesOf(environment: string): ReadonlyMap<string, SynthesizedTemplate> {
  const known = synthesized.get(environment);
  if (known !== undefined) return known;
  const stacks = appOf(environment).synth().stacks;
  const templates = new Map(
    stacks.map((stack) => [stack.stackName.split('-').at(-1) ?? '', template.parse(stack.template)]),
  );
  synthesized.set(environment, templates);
  return templates;
}

/** The template of one stack; fails the test where there is none. */
export function templateOf(templates: ReadonlyMap<string, SynthesizedTemplate>, stack: string): SynthesizedTemplate {
  const found = templates.get(stack);
  if (found === undefined) throw new Error(`no stack ${stack} among ${[...templates.keys()].join(', ')}`);
  return found;
}

/** The resources of one type, by logical id. */
export function resourcesOf(from: SynthesizedTemplate, type: string): [string, SynthesizedResource][] {
  return Object.entries(from.Resources).filter(([, each]) => each.Type === type);
}

/** The one resource of its type whose logical id begins so; fails the test where there is not exactly one. */
export function resourceOf(from: SynthesizedTemplate, type: string, id: string): SynthesizedResource {
  const found = resourcesOf(from, type).filter(([logicalId]) => logicalId.startsWith(id));
  const only = found[0];
  if (only === undefined || found.length > 1) throw new Error(`${found.length} resources of ${type} begin with ${id}`);
  return only[1];
}
