import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bundleEngine, ENGINE_ENTRY_POINTS } from '#engine/bundle.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const dockerfile = readFileSync(path.join(ROOT, 'containers/engine/Dockerfile'), 'utf8');
const lines = dockerfile.split('\n').map((line) => line.trim());
const folder = mkdtempSync(path.join(tmpdir(), 'millrace-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('image of the engine', () => {
  it('is built from Node 24 in two stages, the first on the builder’s own architecture', () => {
    expect(lines.filter((line) => line.startsWith('FROM '))).toEqual([
      'FROM --platform=$BUILDPLATFORM node:24-slim AS bundle',
      'FROM node:24-slim',
    ]);
  });

  it('T7: starts node itself, without a shell, so that SIGTERM reaches it', () => {
    expect(lines.filter((line) => line.startsWith('CMD '))).toEqual([
      'CMD ["node", "--enable-source-maps", "main.mjs"]',
    ]);
    expect(dockerfile).not.toMatch(/^ENTRYPOINT/m);
    expect(lines).toContain('STOPSIGNAL SIGTERM');
  });

  it('runs as a user without rights, who owns the folder of the journal', () => {
    const last = lines.slice(lines.lastIndexOf('FROM node:24-slim'));
    expect(last).toContain('USER 1000:1000');
    const owns = last.findIndex((line) => line.includes('chown 1000:1000 /var/lib/millrace'));
    const declares = last.findIndex((line) => line.startsWith('VOLUME'));
    expect(owns).toBeGreaterThan(0);
    expect(declares).toBeGreaterThan(owns);
    expect(last[declares]).toContain('"/var/lib/millrace"');
  });

  it('T6: asks for health as the task definition does', () => {
    expect(dockerfile).toMatch(/^HEALTHCHECK .* CMD \["node", "healthcheck\.mjs"\]$/m);
  });

  it('takes nothing into the build but sources', () => {
    const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(ignored[0]).toBe('*');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap((match) =>
      (match[1] ?? '').split(' '),
    );
    expect(copied.length).toBeGreaterThan(4);
    for (const each of copied) {
      expect(ignored, each).toContain(`!${each.replace('./', '')}`);
      expect(existsSync(path.join(ROOT, each)), each).toBe(true);
    }
    for (const admitted of ignored.filter((line) => line.startsWith('!')))
      expect(copied, admitted).toContain(admitted.slice(1));
  });

  it('holds every program of the engine, bundled', async () => {
    await bundleEngine(folder);
    for (const name of Object.keys(ENGINE_ENTRY_POINTS)) {
      expect(statSync(path.join(folder, `${name}.mjs`)).size).toBeGreaterThan(200);
      expect(existsSync(path.join(folder, `${name}.mjs.map`))).toBe(true);
    }
    // The publisher's thread looks for its file beside the bundle.
    expect(readFileSync(path.join(folder, 'main.mjs'), 'utf8')).toContain('./publisher-worker.mjs');
    expect(statSync(path.join(folder, 'main.mjs')).size).toBeLessThan(6_000_000);
  });

  it('R3: a bundled engine starts, and without settings says at once which it lacks', () => {
    const run = spawnSync(process.execPath, ['--enable-source-maps', 'main.mjs'], {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '' },
      encoding: 'utf8',
      timeout: 10_000,
    });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain('SETTINGS_INVALID');
    for (const name of ['MARKET_STREAM', 'CONTROL_TABLE', 'CONFIGURATION'])
      expect(run.stderr).toContain(`MILLRACE_${name}`);
  });
});
