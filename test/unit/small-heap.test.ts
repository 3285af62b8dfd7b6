import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const SCRIPT = path.resolve(import.meta.dirname, '../support/heap-holes.ts');
const said = z.object({ kept: z.number(), used: z.number(), holes: z.number() });

function run(...args: readonly string[]) {
  const { stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
  return said.parse(JSON.parse(stdout || JSON.stringify({ stderr })));
}

test('R9: pages of the heap that are half empty are given back, so that the process does not grow by holes', () => {
  const [alone, small] = [run(), run('small')];
  expect(small.kept).toBe(alone.kept);
  expect(small.used).toBeGreaterThan(10e6);
  expect(small.holes).toBeLessThan(alone.holes / 2);
});
