import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { bundleFunction } from '#lib/constructs/function-code.ts';
import { pascalCase } from '#lib/constructs/pascal-case.ts';
import { FUNCTION_NAMES } from '#lib/environments/environment-configuration.ts';
import { resourceOf, templateOf, templatesOf } from './support/synthesized.ts';

/** A Lambda's file and its start-up time grow together; one that passes this has drawn in something it should not. */
const BUDGET_BYTES = 2_000_000;
/** What speaks to the venues and, besides, to S3 and Parameter Store, whose clients are 0.3 MB. */
const LARGER: Readonly<Record<string, number>> = { reconcile: 2_300_000 };
const folder = mkdtempSync(path.join(tmpdir(), 'millrace-bundles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = z.object({ Variables: z.record(z.string(), z.unknown()) });

/** What a function is told on AWS: its variables as the stack gives them, with a plausible value in place of each reference. */
function variablesOf(name: string): Record<string, string> {
  const pipeline = templateOf(templatesOf('dev'), 'Pipeline');
  const resource = resourceOf(pipeline, 'AWS::Lambda::Function', `${pascalCase(name)}Function`);
  const { Variables } = settings.parse(resource.Properties.Environment);
  return Object.fromEntries(
    Object.entries(Variables).map(([variable, value]) => {
      if (typeof value === 'string') return [variable, value];
      if (variable.endsWith('_QUEUE')) return [variable, 'https://sqs.eu-west-1.amazonaws.com/111111111111/queue'];
      if (/_(TOPIC|MACHINE)$/.test(variable)) return [variable, 'arn:aws:service:eu-west-1:111111111111:name'];
      return [variable, 'name'];
    }),
  );
}

const surroundings = {
  PATH: process.env.PATH ?? '',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
};

describe.each(FUNCTION_NAMES)('bundle of %s', (name) => {
  const output = path.join(folder, name);
  bundleFunction(name, output);

  it('stays within its budget, with a source map', () => {
    expect(statSync(path.join(output, 'handler.mjs')).size).toBeLessThan(LARGER[name] ?? BUDGET_BYTES);
    expect(readFileSync(path.join(output, 'handler.mjs'), 'utf8')).toContain('sourceMappingURL=handler.mjs.map');
    expect(statSync(path.join(output, 'handler.mjs.map')).size).toBeGreaterThan(0);
  });

  it('R3: finds all it needs in what the stack tells it, and exports a handler of at most two arguments', () => {
    const length = execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { handler } = await import(${JSON.stringify(path.join(output, 'handler.mjs'))}); console.log('length', typeof handler, handler.length); process.exit(0);`,
      ],
      { encoding: 'utf8', env: { ...surroundings, ...variablesOf(name) }, timeout: 10_000 },
    );
    expect(length).toMatch(/length function [012]\n$/);
  });
});
