import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ROOT } from '#local/paths.ts';

const LOCK = JSON.stringify({ lockfileVersion: 3, packages: { '': {}, 'node_modules/thing': { version: '1.0.0' } } });

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/**
 * A checkout of its own with programs of our own in place of npm and Python: the set-up itself is the real one.
 * `npm` installs a `node` that is the running one; `python3` makes environments whose pip does nothing.
 */
class Checkout {
  readonly root = mkdtempSync(path.join(tmpdir(), 'millrace-bootstrap-'));
  readonly bin = path.join(this.root, 'stub-bin');

  constructor() {
    cpSync(path.join(ROOT, 'local/bootstrap.mjs'), path.join(this.root, 'local/bootstrap.mjs'));
    cpSync(path.join(ROOT, 'local/setup'), path.join(this.root, 'local/setup'), { recursive: true });
    this.write('package.json', JSON.stringify({ type: 'module' }));
    this.write('package-lock.json', LOCK);
    this.write('local/python-requirements.txt', 'ministack==1.5.33\n');
    this.write('src/research/normalize.ts', `console.log(JSON.stringify(process.argv.slice(2)));`);
    this.write('local/start/main.ts', `console.log('started');`);
    mkdirSync(this.bin);
    this.program('npm', NPM);
    this.program('python3', PYTHON);
  }

  write(file: string, text: string): void {
    const full = path.join(this.root, file);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, text);
  }

  program(name: string, text: string): void {
    writeFileSync(path.join(this.bin, name), text);
    chmodSync(path.join(this.bin, name), 0o755);
  }

  has(file: string): boolean {
    return existsSync(path.join(this.root, file));
  }

  text(file: string): string {
    return readFileSync(path.join(this.root, file), 'utf8');
  }

  start(args: readonly string[], environment: Record<string, string> = {}) {
    const child = spawn(process.execPath, [path.join(this.root, 'local/bootstrap.mjs'), ...args], {
      cwd: this.root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: `${this.bin}:/usr/bin:/bin`, HOME: this.root, NODE: process.execPath, ...environment },
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
    return { child, ended, errors: () => err, output: () => out };
  }

  run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
    return this.start(args, environment).ended;
  }
}

/** `NPM_FAILS`, `NPM_SECONDS`: how it behaves. Counts its runs. */
const NPM = `#!/bin/sh
echo run >> npm-runs
[ -n "$NPM_FAILS" ] && { echo 'npm error ENOTFOUND registry' >&2; exit 1; }
mkdir -p node_modules/node/bin
sleep "\${NPM_SECONDS:-0}"
printf '#!/bin/sh\\nexec "%s" "$@"\\n' "$NODE" > node_modules/node/bin/node
chmod +x node_modules/node/bin/node
`;

/** \`PYTHON_VERSION\`, \`NO_ENSUREPIP\`, \`PIP_FAILS\`, \`PIP_SECONDS\`: how it behaves. */
const PYTHON = `#!/bin/sh
case "$1 $2" in
  '-c '*) echo "\${PYTHON_VERSION:-3 11} $0" ;;
  '-m venv')
    if [ "$3" = --without-pip ]; then target="$4"; else target="$3"; [ -n "$NO_ENSUREPIP" ] && { mkdir -p "$target"; echo 'ensurepip is not available' >&2; exit 1; }; fi
    mkdir -p "$target/bin"; cp "$0" "$target/bin/python" ;;
  '-m pip')
    echo "$@" >> pip-runs
    sleep "\${PIP_SECONDS:-0}"
    [ -n "$PIP_FAILS" ] && { echo 'ERROR: no matching distribution' >&2; exit 1; }
    exit 0 ;;
esac
`;

describe('the set-up', () => {
  const checkouts: Checkout[] = [];
  const checkout = () => {
    const made = new Checkout();
    checkouts.push(made);
    return made;
  };

  afterEach(() => {
    for (const { root } of checkouts.splice(0)) rmSync(root, { recursive: true, force: true });
  });

  it('R3: an older Node is refused with the version that it takes', async () => {
    const here = checkout();
    const older = `Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.4'}})`;
    const ended = await here.run(['normalize'], {
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(older)}`,
    });
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(/^NODE_TOO_OLD: found=18\.20\.4 needed=>=20\. Install a newer Node/);
    expect(here.has('npm-runs')).toBe(false);
  });

  it('R3: a disk that cannot be written is one line that names the place', async () => {
    const here = checkout();
    here.write('.millrace', 'a file where the folder should be');
    const ended = await here.run(['normalize']);
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(/^DISK_NOT_WRITABLE: file=.*\.millrace reason=EEXIST in mkdir\. .*run again\.\n$/);
  });

  it('installs once, keeps standard output for the result, and hands arguments over as they are', async () => {
    const here = checkout();
    const first = await here.run(['normalize', '--', '--venue', 'binance-usdm', '--', 'a b']);
    expect(first).toMatchObject({ code: 0, out: '["--venue","binance-usdm","--","a b"]\n' });
    expect(first.err).toContain('installing dependencies');
    const second = await here.run(['normalize']);
    expect(second).toMatchObject({ code: 0, out: '[]\n', err: '' });
    expect(here.text('npm-runs')).toBe('run\n');
    expect(here.has('.millrace/venv')).toBe(false);
  });

  it('installs again when the lock file has changed, and not when npm itself has installed what it says', async () => {
    const here = checkout();
    await here.run(['normalize']);
    const changed = LOCK.replace('1.0.0', '1.0.1');
    here.write('package-lock.json', changed);
    await here.run(['normalize']);
    expect(here.text('npm-runs')).toBe('run\nrun\n');
    rmSync(path.join(here.root, '.millrace'), { recursive: true });
    here.write('node_modules/.package-lock.json', changed);
    const { err } = await here.run(['normalize']);
    expect(err).toBe('');
    expect(here.text('npm-runs')).toBe('run\nrun\n');
  });

  it("makes the emulator's environment for the commands that need it, once per requirements", async () => {
    const here = checkout();
    expect(await here.run(['start'])).toMatchObject({ code: 0, out: 'started\n' });
    await here.run(['start']);
    expect(here.text('pip-runs').trim().split('\n')).toHaveLength(1);
    expect(here.text('.millrace/venv.stamp')).toBe(createHash('sha256').update('ministack==1.5.33\n').digest('hex'));
    here.write('local/python-requirements.txt', 'ministack==1.5.34\n');
    await here.run(['start']);
    expect(here.text('pip-runs').trim().split('\n')).toHaveLength(2);
  });

  it('needs no Python when AWS_ENDPOINT_URL names an endpoint', async () => {
    const here = checkout();
    const ended = await here.run(['start'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' });
    expect(ended).toMatchObject({ code: 0, out: 'started\n' });
    expect(here.has('pip-runs')).toBe(false);
  });

  it("uses the system's own pip where ensurepip is missing", async () => {
    const here = checkout();
    expect(await here.run(['start'], { NO_ENSUREPIP: '1' })).toMatchObject({ code: 0 });
    expect(here.text('pip-runs')).toContain(
      `-m pip --python ${path.join(here.root, '.millrace/venv/bin/python')} install`,
    );
  });

  it.each([
    ['Python is missing', { PATH_ONLY_NPM: '1' }, /^PYTHON_MISSING: found=none needed=>=3\.10\. Install Python/m],
    ['Python is too old', { PYTHON_VERSION: '3 9' }, /^PYTHON_MISSING: found=.*3\.9.* needed=>=3\.10/m],
    ['pip cannot install', { PIP_FAILS: '1' }, /^PYTHON_ENVIRONMENT_FAILED: [\s\S]*no matching distribution/m],
    ['npm cannot install', { NPM_FAILS: '1' }, /^DEPENDENCIES_FAILED: exit=1[\s\S]*ENOTFOUND/m],
  ])('one clear error when %s, and nothing half made is taken for whole', async (_, environment, error) => {
    const here = checkout();
    if ('PATH_ONLY_NPM' in environment) rmSync(path.join(here.bin, 'python3'));
    const ended = await here.run(['start'], { MILLRACE_PYTHON: path.join(here.bin, 'python3'), ...environment });
    expect(ended.code).toBe(1);
    expect(ended.out).toBe('');
    expect(ended.err).toMatch(error);
    expect(ended.err).not.toMatch(/\n\s+at /);
    expect(here.has('.millrace/venv.stamp')).toBe(false);
    expect(here.has('.millrace/setup.lock')).toBe(false);
    if (here.has('stub-bin/python3')) expect(await here.run(['start'])).toMatchObject({ code: 0, out: 'started\n' });
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    '%s in the middle of it ends with one line, leaves nothing running, and can be taken up again',
    async (signal) => {
      const here = checkout();
      const running = here.start(['start'], { NPM_SECONDS: '31.4159' });
      await expect.poll(() => commandLines().includes('31.4159'), { timeout: 5000 }).toBe(true);
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended.code).toBe(signal === 'SIGINT' ? 130 : 143);
      expect(ended.err.trim().split('\n').at(-1)).toMatch(
        new RegExp(`^SETUP_INTERRUPTED: signal=${signal}\\. Nothing is left running`),
      );
      expect(commandLines()).not.toContain('31.4159');
      expect(here.has('.millrace/setup.lock')).toBe(false);
      expect(await here.run(['start'])).toMatchObject({ code: 0, out: 'started\n' });
      expect(here.text('npm-runs')).toBe('run\nrun\n');
    },
  );

  it('Ctrl-C while the environment is made leaves none that is taken for whole', async () => {
    const here = checkout();
    const running = here.start(['start'], { PIP_SECONDS: '30' });
    await expect.poll(() => here.has('pip-runs'), { timeout: 5000 }).toBe(true);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(here.has('.millrace/venv.stamp')).toBe(false);
    expect(await here.run(['start'])).toMatchObject({ code: 0, out: 'started\n' });
  });

  it('two at once: one installs, the other waits for it', async () => {
    const here = checkout();
    const ended = await Promise.all([
      here.run(['normalize'], { NPM_SECONDS: '0.6' }),
      here.run(['normalize'], { NPM_SECONDS: '0.6' }),
    ]);
    expect(ended.map(({ code }) => code)).toEqual([0, 0]);
    expect(here.text('npm-runs')).toBe('run\n');
    expect(ended.map(({ err }) => err).join('')).toContain('another set-up is running');
  });

  it('a lock whose holder is gone is taken away', async () => {
    const here = checkout();
    here.write('.millrace/setup.lock', JSON.stringify({ pid: 4_194_303, started: '1' }));
    expect(await here.run(['normalize'])).toMatchObject({ code: 0 });
    here.write('package-lock.json', `${LOCK} `);
    here.write('.millrace/setup.lock', JSON.stringify({ pid: process.pid, started: 'another process with this id' }));
    expect(await here.run(['normalize'])).toMatchObject({ code: 0 });
  });

  it('a command that is not known is one clear error that lists those that are', async () => {
    const here = checkout();
    const ended = await here.run(['strat']);
    expect(ended).toMatchObject({ code: 1, out: '' });
    expect(ended.err).toMatch(/^COMMAND_UNKNOWN: command=strat\n[\s\S]*start +run the whole pipeline/);
    expect(here.has('npm-runs')).toBe(false);
  });

  it('passes signals to the command and ends with its exit code', async () => {
    const here = checkout();
    here.write(
      'local/start/main.ts',
      `process.on('SIGINT', () => process.exit(7)); console.log('up'); setInterval(() => 0, 1000);`,
    );
    const running = here.start(['start']);
    await expect.poll(running.output, { timeout: 5000 }).toContain('up');
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(7);
    here.write('local/start/main.ts', `process.kill(process.pid, 'SIGKILL');`);
    expect((await here.run(['start'])).code).toBe(137);
  });
});

/** The command lines of all processes (Linux), but for this one's own. */
function commandLines(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return ''; // It has ended meanwhile.
      }
    })
    .join('\n');
}
