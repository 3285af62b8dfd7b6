import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const FOLDER = join(import.meta.dirname, '../peers');
/** What npm says first is the reason; what follows is where in npm. */
const NPM_LINES = 4;
const MODULES = join(FOLDER, 'node_modules');

/** Versions of the peers as they are pinned in their folder. */
export function pinnedPeers(): Readonly<Record<string, string>> {
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return dependencies;
}

/** Installs the pinned peers into their own folder if they are not there. Says what it does; throws with npm's words if it cannot. */
export function installPeers(): void {
  const pinned = Object.entries(pinnedPeers());
  if (pinned.every(([name, version]) => installedVersion(name) === version)) return;
  const names = pinned.map(([name, version]) => `${name} ${version}`).join(', ');
  console.log(`peers: installing ${names} into bench/peers/node_modules (about 90 MB, once, about 10 s) …`);
  const began = performance.now();
  const { status, stderr, error } = spawnSync('npm', ['ci', '--ignore-scripts', '--loglevel=error'], {
    cwd: FOLDER,
    encoding: 'utf8',
  });
  if (status !== 0) {
    const said = error?.message ?? stderr.trim().split('\n').slice(0, NPM_LINES).join('\n');
    throw new Error(`the peers could not be installed; npm said:\n${said}`);
  }
  console.log(`peers: installed in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}

function installedVersion(name: string): string | null {
  const file = join(MODULES, name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : null;
}

/** A peer's CommonJS package. Untyped: peers are not there when types are checked, so the caller says which part of it it uses. */
export function requirePeer<Part>(name: string): Part {
  const loaded: Part = createRequire(join(FOLDER, 'package.json'))(name);
  return loaded;
}

/** A peer's module by its file, for what the package does not export by itself. */
export async function importPeer<Part>(file: string): Promise<Part> {
  const loaded: Part = await import(pathToFileURL(join(MODULES, file)).href);
  return loaded;
}
