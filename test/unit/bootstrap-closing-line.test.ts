import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT, STATE } from '#local/paths.ts';

const OK = `import { it } from 'vitest'; it('is fine', () => {});`;

describe('the closing line of the tests', () => {
  const folders: string[] = [];

  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  function run(files: Record<string, string>, environment: Record<string, string> = {}) {
    mkdirSync(STATE, { recursive: true });
    const folder = mkdtempSync(path.join(STATE, 'closing-line-'));
    folders.push(folder);
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(
      path.join(folder, 'vitest.config.ts'),
      `export default { test: { include: ['*.test.ts'], reporters: [${JSON.stringify(path.join(ROOT, 'test/plain-summary-reporter.ts'))}] } };`,
    );
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    const ended = spawnSync(process.execPath, [path.join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: folder, ...environment },
    });
    return { code: ended.status, line: ended.stdout.trimEnd().split('\n').at(-1) };
  }

  it('counts what passed, failed and was skipped', () => {
    const mixed = `import { it } from 'vitest'; it('a', () => {}); it.skip('b', () => {}); it('c', () => { throw new Error('no'); });`;
    expect(run({ 'a.test.ts': OK })).toEqual({ code: 0, line: '1 passed, 0 failed' });
    expect(run({ 'a.test.ts': mixed })).toEqual({ code: 1, line: '1 passed, 1 failed, 1 skipped' });
  });

  it('never says 0 failed of a run that failed', () => {
    const unloadable = `import './missing.ts'; ${OK}`;
    const hook = `import { beforeAll, describe, it } from 'vitest'; describe('x', () => { beforeAll(() => { throw new Error('hook'); }); it('y', () => {}); });`;
    const uncaught = `import { it } from 'vitest'; it('a', async () => { setTimeout(() => { throw new Error('late'); }); await new Promise((r) => setTimeout(r, 50)); });`;
    expect(run({ 'a.test.ts': OK, 'b.test.ts': unloadable, 'c.test.ts': hook, 'd.test.ts': uncaught })).toEqual({
      code: 1,
      line: '2 passed, 3 failed, 1 skipped',
    });
    expect(run({})).toEqual({ code: 1, line: '0 passed, 1 failed' });
    expect(run({ 'a.test.ts': OK }, { MILLRACE_CHECKS_FAILED: '2' }).line).toBe('1 passed, 2 failed');
  });
});
