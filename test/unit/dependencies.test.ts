import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';

const ROOT = path.resolve(import.meta.dirname, '../..');
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const lockFile = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), resolved: z.string().optional() })),
});
const lock = lockFile.parse(JSON.parse(text('package-lock.json')));

/** Our own source files in these folders. */
function sources(...folders: readonly string[]): string[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: ROOT }))
    .map((file) => file.replaceAll('\\', '/'));
}

it('the CDK tool is of major 2: what its registry calls the latest was published by mistake', () => {
  expect(lock.packages['node_modules/aws-cdk']?.version).toMatch(/^2\./);
  expect(lock.packages['node_modules/aws-cdk-lib']?.version).toMatch(/^2\./);
});

it('there is one @smithy/types: with two, mocked clients are no longer clients', () => {
  const found = Object.keys(lock.packages).filter((name) => name.endsWith('node_modules/@smithy/types'));
  expect(found).toEqual(['node_modules/@smithy/types']);
});

it('the lock file names no registry', () => {
  const named = Object.entries(lock.packages).filter(([, each]) => each.resolved?.startsWith('http') === true);
  expect(named).toEqual([]);
});

it('clients of AWS are made in one place, with its limits and connections', () => {
  const files = sources('src', 'functions', 'containers');
  expect(files.length).toBeGreaterThan(100);
  const makers = files.filter((file) =>
    /new (DynamoDB|Kinesis|S3|SecretsManager|SFN|SNS|SQS|SSM)Client\(/.test(text(file)),
  );
  expect(makers).toEqual(['src/aws/clients.ts']);
});

it('R1: no secret is found by a name without its suffix, nor handed to a task at its start', () => {
  const files = sources('lib');
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((file) => /fromSecretNameV2|fromSecretsManager/.test(text(file)))).toEqual([]);
});

it('the peers of the benchmark are pinned, locked without an address, and no dependency of the product', () => {
  const pinned = z.record(z.string(), z.string()).parse(JSON.parse(text('bench/peers/package.json')).dependencies);
  const locked = lockFile.parse(JSON.parse(text('bench/peers/package-lock.json'))).packages;
  expect(Object.keys(pinned).sort()).toEqual([
    '@alpacahq/alpaca-trade-api',
    'binance',
    'bybit-api',
    'ccxt',
    'tardis-dev',
  ]);
  for (const [name, version] of Object.entries(pinned)) {
    expect(locked[`node_modules/${name}`]?.version).toBe(version);
    expect(lock.packages[`node_modules/${name}`]).toBeUndefined();
  }
  expect(Object.values(locked).filter((each) => each.resolved !== undefined)).toEqual([]);
});
