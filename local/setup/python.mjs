import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REQUIREMENTS, ROOT, STATE, VENV } from './paths.mjs';
import { SetupError, say } from './report.mjs';

const STAMP = path.join(STATE, 'venv.stamp');
const OLDEST = [3, 10];
const CANDIDATES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
const VENV_PYTHON = path.join(VENV, 'bin/python');

/** Whether the virtual environment is what the requirements say. */
export function pythonIsReady() {
  return existsSync(VENV_PYTHON) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === requirementsHash();
}

/**
 * Makes the virtual environment anew with the first Python that can. Where a system's Python comes without `ensurepip` (Debian without
 * python3-venv) its own pip installs into an environment made without one.
 * @param {import('./set-up-processes.mjs').SetupProcesses} processes
 */
export async function preparePython(processes) {
  mkdirSync(STATE, { recursive: true });
  rmSync(STAMP, { force: true });
  const hash = requirementsHash();
  const pythons = await findPythons(processes);
  const failures = [];
  for (const python of pythons) {
    rmSync(VENV, { recursive: true, force: true });
    const failure = await createEnvironment(processes, python);
    if (failure === null) {
      writeFileSync(STAMP, hash);
      return;
    }
    failures.push(`${python}: ${failure}`);
  }
  rmSync(VENV, { recursive: true, force: true });
  throw new SetupError(
    'PYTHON_ENVIRONMENT_FAILED',
    `the emulator's packages could not be installed. If venv or pip is missing, install it (Debian, Ubuntu: apt install python3-venv), else check the network; then run again.\n${failures.join('\n')}`,
  );
}

/** @returns {Promise<string[]>} the Pythons that are new enough, in order of preference */
async function findPythons(processes) {
  const asked = process.env.MILLRACE_PYTHON;
  const found = [];
  const seen = [];
  for (const candidate of asked === undefined ? CANDIDATES : [asked]) {
    const probe = 'import os,sys; print(sys.version_info[0], sys.version_info[1], os.path.realpath(sys.executable))';
    const { code, output } = await processes.run('', candidate, ['-c', probe]);
    const match = /^(\d+) (\d+) (.+)$/m.exec(output);
    if (code !== 0 || match === null) continue;
    const [major, minor, real] = [Number(match[1]), Number(match[2]), match[3]];
    seen.push(`${candidate} ${major}.${minor}`);
    const newEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
    if (newEnough && !found.some((each) => each.real === real)) found.push({ candidate, real });
  }
  if (found.length === 0)
    throw new SetupError(
      'PYTHON_MISSING',
      `found=${seen.length === 0 ? 'none' : seen.join(', ')} needed=>=${OLDEST.join('.')}. Install Python, or name one with MILLRACE_PYTHON=/path/to/python3, and run again.`,
    );
  return found.map((each) => each.candidate);
}

/** @returns {Promise<string | null>} why it failed, or null */
async function createEnvironment(processes, python) {
  const relative = path.relative(ROOT, VENV);
  let pip = [VENV_PYTHON, '-m', 'pip'];
  const made = await processes.run(`making a Python environment (${relative})`, python, ['-m', 'venv', VENV]);
  if (made.code !== 0) {
    say(`millrace: ${python} has no ensurepip; using its own pip`);
    rmSync(VENV, { recursive: true, force: true });
    const bare = await processes.run('', python, ['-m', 'venv', '--without-pip', VENV]);
    if (bare.code !== 0) return lastLine(made.output);
    pip = [python, '-m', 'pip', '--python', VENV_PYTHON];
  }
  const [program, ...prefix] = pip;
  const installed = await processes.run('installing the emulator (pip)', program, [
    ...prefix,
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '-r',
    REQUIREMENTS,
  ]);
  return installed.code === 0 ? null : lastLine(installed.output);
}

/** @param {string} output */
function lastLine(output) {
  return output.trim().split('\n').slice(-3).join(' | ');
}

function requirementsHash() {
  return createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
}
