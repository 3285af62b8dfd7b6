import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleFunction } from '#lib/constructs/function-code.ts';
import { FUNCTION_NAMES } from '#lib/environments/environment-configuration.ts';

/** A Lambda's file and its start-up time grow together; one that passes this has drawn in something it should not. */
const BUDGET_BYTES = 2_000_000;
const folder = mkdtempSync(path.join(tmpdir(), 'millrace-bundles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What every handler may ask for when it is loaded; nothing is called. */
const VARIABLES = {
  PATH: process.env.PATH ?? '',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  MILLRACE_ENVIRONMENT: 'local',
  MILLRACE_BUILD: 'test',
  MILLRACE_MARKET_STREAM: 'market',
  MILLRACE_TRADING_STREAM: 'trading',
  MILLRACE_LEDGER_TABLE: 'ledger',
  MILLRACE_CONTROL_TABLE: 'control',
  MILLRACE_ARCHIVE_BUCKET: 'archive',
  MILLRACE_QUARANTINE_BUCKET: 'quarantine',
  MILLRACE_QUARANTINE_QUEUE: 'http://127.0.0.1:9/1/quarantine',
  MILLRACE_ALERT_TOPIC: 'arn:aws:sns:eu-west-1:111111111111:alerts',
  MILLRACE_COMMAND_QUEUE: 'http://127.0.0.1:9/1/commands',
  MILLRACE_CONFIRMATION_MACHINE: 'arn:aws:states:eu-west-1:111111111111:stateMachine:confirmation',
  MILLRACE_CONFIGURATION: 'ssm:/millrace/local/configuration',
  MILLRACE_SECRETS: 'millrace/local',
  MILLRACE_CONFIRMATION_DRILL: '0',
};

describe.each(FUNCTION_NAMES)('bundle of %s', (name) => {
  const output = path.join(folder, name);
  bundleFunction(name, output);

  it('stays within its budget, with a source map', () => {
    expect(statSync(path.join(output, 'handler.mjs')).size).toBeLessThan(BUDGET_BYTES);
    expect(readFileSync(path.join(output, 'handler.mjs'), 'utf8')).toContain('sourceMappingURL=handler.mjs.map');
    expect(statSync(path.join(output, 'handler.mjs.map')).size).toBeGreaterThan(0);
  });

  it('exports a handler of at most two arguments, as the Node 24 runtime demands', () => {
    const length = execFileSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `const { handler } = await import(${JSON.stringify(path.join(output, 'handler.mjs'))}); console.log('length', typeof handler, handler.length); process.exit(0);`,
      ],
      { encoding: 'utf8', env: VARIABLES, timeout: 10_000 },
    );
    expect(length).toMatch(/length function [012]\n$/);
  });
});
