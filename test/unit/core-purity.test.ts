import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CORE = join(import.meta.dirname, '../../src/core');
/** The one place where the machine's clock is read: callers pass it in. */
const SYSTEM_CLOCK = 'time/system-clock.ts';

const AMBIENT: readonly RegExp[] = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /(?<!new )\bDate\(\s*\)/,
  /\bperformance\.\w/,
  /\bprocess\.(?:hrtime|env|uptime|argv|cwd)\b/,
  /\bMath\.random\b/,
  /\brandomUUID\b|\brandomBytes\b|\brandomInt\b|\bgetRandomValues\b/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b|\bnextTick\b/,
  /\bfetch\(/,
  /\bfrom 'node:(?!crypto')/,
];

/** What of the text is ambient, with its line number; comments may name it. */
function ambientUses(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/\/\/.*$/gm, '');
  return code
    .split('\n')
    .flatMap((line, index) => AMBIENT.filter((each) => each.test(line)).map(() => `${index + 1}: ${line.trim()}`));
}

function filesOfCore(): string[] {
  return readdirSync(CORE, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
}

describe('the trading domain', () => {
  it('R5: core reads no ambient clock or randomness, keeps no timers and does no I/O', () => {
    const files = filesOfCore();
    expect(files.length).toBeGreaterThan(40);
    const found = files
      .filter((path) => path !== SYSTEM_CLOCK)
      .flatMap((path) => ambientUses(readFileSync(join(CORE, path), 'utf8')).map((use) => `${path}:${use}`));
    expect(found).toEqual([]);
  });

  it('R5: the system clock is where that is done, and would be found elsewhere', () => {
    const found = ambientUses(readFileSync(join(CORE, SYSTEM_CLOCK), 'utf8')).join('\n');
    expect(found).toContain('performance.now');
    expect(found).toContain('Date.now');
    expect(found).toContain('setTimeout');
    expect(ambientUses('const at = new Date();\n// Date.now() in a comment')).toEqual(['1: const at = new Date();']);
  });

  it('takes nothing from the other rooms', () => {
    const imports = filesOfCore().flatMap((path) =>
      [...readFileSync(join(CORE, path), 'utf8').matchAll(/from '([^']+)'/g)].map((match) => match[1] ?? ''),
    );
    const outside = imports.filter((each) => !each.startsWith('.') && !['node:crypto', 'zod'].includes(each));
    expect(outside).toEqual([]);
  });
});
