import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { addPolicyChecks, checkPolicies } from '#lib/nag.ts';
import { appOf } from './support/synthesized.ts';

const report = z.object({
  pluginReports: z.array(
    z.object({
      pluginName: z.string(),
      conclusion: z.string(),
      violations: z.array(z.object({ ruleName: z.string() })),
    }),
  ),
});

/** What the rules found in a synthesized app, as its report has it; a pack that found nothing does not stand in it. */
function reported(app: App): readonly string[] {
  const written = readFileSync(path.join(app.outdir, 'validation-report.json'), 'utf8');
  return report
    .parse(JSON.parse(written))
    .pluginReports.filter(({ pluginName }) => pluginName === 'AwsSolutions')
    .flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName));
}

/** Plants what a careless change would bring: a bucket open to plain connections, without logs. */
function plantViolation(app: App): void {
  new Bucket(new Stack(app, 'Careless'), 'Open');
}

describe('AWS Solutions rules', () => {
  it.each(['dev', 'prod'])('find nothing in %s but what is excepted with its reason', (environment) => {
    const { findings, unusedExceptions } = checkPolicies(appOf(environment));
    expect(findings).toEqual([]);
    expect(unusedExceptions).toEqual([]);
  });

  it('find a planted violation', () => {
    const app = appOf('dev');
    plantViolation(app);
    const { findings } = checkPolicies(app);
    expect(findings.map(({ finding }) => finding).sort()).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
    for (const { path: at } of findings) expect(at).toBe('Careless/Open/Resource');
  });

  it('let a clean app be synthesized, and stop one with a planted violation', () => {
    const clean = appOf('dev');
    addPolicyChecks(clean);
    clean.synth();
    expect(reported(clean)).toEqual([]);

    const careless = appOf('dev');
    plantViolation(careless);
    addPolicyChecks(careless);
    expect(() => careless.synth()).toThrow();
    expect([...reported(careless)].sort()).toEqual(['AwsSolutions-S1', 'AwsSolutions-S10']);
  });
});
