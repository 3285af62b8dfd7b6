import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LOCK_FILE, ROOT, STATE } from './paths.mjs';
import { SetupError } from './report.mjs';

const STAMP = path.join(STATE, 'dependencies.stamp');
/** There while an installation runs: what it leaves behind when it is cut off is not to be trusted. */
const IN_PROGRESS = path.join(STATE, 'dependencies.in-progress');

/** The Node that every command runs on: pinned by the lock file. */
export function projectNode() {
  return path.join(ROOT, 'node_modules/node/bin/node');
}

/** Whether node_modules is what the lock file says. */
export function dependenciesAreReady() {
  if (existsSync(IN_PROGRESS) || !existsSync(projectNode())) return false;
  const hash = lockHash();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hash) return true;
  if (!installedMatchesLock()) return false;
  writeStamp(hash);
  return true;
}

/** @param {import('./set-up-processes.mjs').SetupProcesses} processes */
export async function installDependencies(processes) {
  mkdirSync(STATE, { recursive: true });
  rmSync(STAMP, { force: true });
  writeFileSync(IN_PROGRESS, String(process.pid));
  const hash = lockHash();
  const [program, prefix] = npm();
  const { code, output } = await processes.run(
    'installing dependencies (npm ci)',
    program,
    [...prefix, 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: ROOT },
  );
  if (code === -1) throw new SetupError('NPM_MISSING', `${output}. Install npm beside Node and run again.`);
  if (code !== 0)
    throw new SetupError(
      'DEPENDENCIES_FAILED',
      `exit=${code}. npm ci could not install; check the network and the registry, then run again. npm said:\n${output.trimEnd()}`,
    );
  const version = spawnSync(projectNode(), ['--version'], { encoding: 'utf8' });
  if (version.status !== 0)
    throw new SetupError(
      'NODE_NOT_INSTALLED',
      `file=node_modules/node/bin/node. Its install script did not run: allow install scripts (npm config delete ignore-scripts) and run again.`,
    );
  rmSync(IN_PROGRESS, { force: true });
  writeStamp(hash);
}

/** The npm that started us, else the one in PATH. @returns {[string, string[]]} */
function npm() {
  const running = process.env.npm_execpath;
  if (running !== undefined && /npm-cli\.[cm]?js$/.test(running)) return [process.execPath, [running]];
  return ['npm', []];
}

function lockHash() {
  return createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
}

/** @param {string} hash */
function writeStamp(hash) {
  mkdirSync(STATE, { recursive: true });
  writeFileSync(STAMP, hash);
}

/** npm writes what it installed last: a checkout where people ran npm themselves needs no second installation. */
function installedMatchesLock() {
  const record = path.join(ROOT, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages ?? {};
  const wanted = JSON.parse(readFileSync(LOCK_FILE, 'utf8')).packages ?? {};
  return Object.entries(wanted).every(
    ([place, entry]) =>
      place === '' || entry.optional || entry.devOptional || installed[place]?.version === entry.version,
  );
}
