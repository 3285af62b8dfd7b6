import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfiguration } from '#core/config/runtime-configuration.ts';
import { VENUES } from '#core/market/instrument.ts';
import { CHANNELS } from '#core/market/market-message.ts';
import { FAULT_COMMANDS } from '#simulation/protocol/fault-commands.ts';
import { USAGE } from '../../local/start/arguments.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DOCUMENTS = globSync(['README.md', 'docs/**/*.md'], { cwd: ROOT }).sort();
const ROOMS = ['src', 'functions', 'containers', 'lib', 'bin', 'local', 'bench', 'test', 'docs'];
const scripts = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(textOf('package.json'))).scripts;

function textOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, first]) => first ?? '');
}

/** As the pages that show Markdown name a heading. */
function anchorsOf(text: string): string[] {
  return found(text, /^#+ (.+)$/gm).map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What stands between backticks, without fenced blocks. */
function codeSpans(text: string): string[] {
  return found(text.replace(/^ *```[\s\S]*?^ *```/gm, ''), /`([^`\n]+)`/g);
}

/** `<venue>`, `<env>` and `*` stand for whatever fits, `{a,b}` for either. */
function exists(named: string): boolean {
  return globSync(named.replaceAll(/<[a-z]+>/g, '*'), { cwd: ROOT }).length > 0;
}

const FILE_NAMES = new Set(
  globSync('{bench,bin,containers,functions,lib,local,src,test}/**/*.{ts,mjs}', {
    cwd: ROOT,
    exclude: ['**/node_modules/**'],
  }).map((file) => path.basename(file)),
);

/** Places named in a document: paths from the project's root, and other documents by their names. */
function placesIn(file: string): string[] {
  const folder = path.dirname(file);
  return codeSpans(textOf(file)).flatMap((span) => {
    if (/[\s()|…]/.test(span)) return [];
    if (ROOMS.some((room) => span.startsWith(`${room}/`))) return [span];
    return /^[\w./-]+\.md$/.test(span) ? [path.join(folder, span)] : [];
  });
}

/** Every source file of ours that runs, as one text. */
function sourceText(...folders: readonly string[]): string {
  return globSync(
    folders.map((folder) => `${folder}/**/*.{ts,mjs,py}`),
    { cwd: ROOT },
  )
    .map(textOf)
    .join('\n');
}

describe.each(DOCUMENTS)('%s', (file) => {
  const text = textOf(file);

  it('links to what is there', () => {
    const dead = found(text, /\]\(([^)\s]+)\)/g).filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [target = '', anchor] = link.split('#');
      const place = target === '' ? file : path.join(path.dirname(file), target);
      if (!existsSync(path.join(ROOT, place))) return true;
      return anchor !== undefined && !anchorsOf(textOf(place)).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  it('names files and folders that are there', () => {
    expect(placesIn(file).filter((place) => !exists(place))).toEqual([]);
  });

  it('names source files that are somewhere', () => {
    const named = codeSpans(text).filter((span) => /^[a-z][a-z0-9-]*\.(?:ts|mjs)$/.test(span));
    expect(named.filter((name) => !FILE_NAMES.has(name))).toEqual([]);
  });

  it('names commands that there are', () => {
    const named = found(text, /npm run (?:-s )?([a-z][a-z-]*)/g);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('names settings that the code reads', () => {
    const known = sourceText('src', 'functions', 'containers', 'lib', 'local', 'test/support');
    // `MILLRACE_SECRET_<MODE>_…` is put together from its parts.
    const named = found(text, /\b(MILLRACE_[A-Z]+(?:_[A-Z]+)*)\b(?!_<)/g);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('commands', () => {
  it('each script that the set-up runs is a command of it', async () => {
    // Plain JavaScript that is there before any dependency is: it has no types.
    const setUp: unknown = await import(path.join(ROOT, 'local/setup/commands.mjs'));
    const { COMMANDS } = z.object({ COMMANDS: z.record(z.string(), z.unknown()) }).parse(setUp);
    const run = Object.values(scripts).flatMap((script) => found(script, /bootstrap\.mjs ([a-z-]+)/g));
    expect(run.length).toBeGreaterThan(5);
    expect(run.filter((name) => COMMANDS[name] === undefined)).toEqual([]);
  });

  it('the README names every one that people run', () => {
    const readme = textOf('README.md');
    const missing = Object.keys(scripts).filter(
      (name) => !readme.includes(`npm run ${name}`) && !readme.includes(`npm ${name}`),
    );
    expect(missing.filter((name) => !readme.includes(`npm run -s ${name}`))).toEqual([]);
  });
});

describe('what can be said is in the documents', () => {
  it('every option of a run', () => {
    const options = found(USAGE, /(--[a-z]+)/g);
    expect(options.length).toBeGreaterThan(6);
    expect(options.filter((option) => !textOf('README.md').includes(`| \`${option}`))).toEqual([]);
  });

  it('every word that a simulated venue takes at a terminal', () => {
    const words = found(FAULT_COMMANDS, /^([a-z-]+) /gm);
    expect(words.length).toBeGreaterThan(5);
    expect(words.filter((word) => !textOf('docs/simulated-venues.md').includes(`\`${word}`))).toEqual([]);
  });

  it('every venue has its place in the README and among the simulated ones', () => {
    const missing = ['README.md', 'docs/simulated-venues.md', 'docs/deploying.md', 'docs/running.md'].flatMap((file) =>
      VENUES.filter((venue) => !textOf(file).includes(`\`${venue}\``)).map((venue) => `${file}: ${venue}`),
    );
    expect(missing).toEqual([]);
  });

  it('every setting of engines and of deployments', () => {
    const known = DOCUMENTS.map(textOf).join('\n');
    const settings = sourceText('containers', 'lib', 'functions').match(/\bMILLRACE_[A-Z]+(?:_[A-Z]+)*\b/g) ?? [];
    expect(settings.length).toBeGreaterThan(20);
    expect([...new Set(settings)].filter((name) => !known.includes(name))).toEqual([]);
  });
});

it('R3: the configuration that is shown is valid, and its table has every channel', () => {
  const running = textOf('docs/running.md');
  const [shown = ''] = found(running, /```json\n([\s\S]*?)```/g);
  expect(loadConfiguration(shown, 'docs/running.md').configuration.lanes).toHaveLength(1);
  expect(CHANNELS.filter((channel) => !running.includes(`\`${channel}\``))).toEqual([]);
});

describe('the runbook says what to do about', () => {
  const runbook = textOf('docs/runbook.md');

  it('every alarm', () => {
    const rules = textOf('lib/constructs/alarm-rules.ts');
    const named = found(rules, /\bid: '([A-Za-z]+)'/g);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((id) => !runbook.includes(`\`${id}\``))).toEqual([]);
    const families = found(rules, /\bid: `\$\{[^`]*\}([A-Za-z]+)`/g);
    expect(families.length).toBeGreaterThan(3);
    expect(families.filter((ending) => !runbook.includes(`${ending}\``))).toEqual([]);
  });

  it('every alert', () => {
    const sources = sourceText('src/core', 'containers', 'functions');
    const codes = new Set([
      ...found(sources, /alert\(\s*'(?:info|warning|critical)',\s*'([A-Z_]+)'/g),
      ...found(sources, /severity: '(?:info|warning|critical)',\s*code: '([A-Z_]+)'/g),
      ...found(sources, /_CODE = '([A-Z_]+)'/g),
      ...found(sources, /raised \? '([A-Z_]+)' : '[A-Z_]+'/g),
      ...found(sources, /raised \? '[A-Z_]+' : '([A-Z_]+)'/g),
      ...found(sources, /tell\(parts, record, '(?:warning|critical)', '([A-Z_]+)'/g),
    ]);
    expect(codes.size).toBeGreaterThan(10);
    expect([...codes].filter((code) => !runbook.includes(`\`${code}\``))).toEqual([]);
  });
});
