import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const ROOT = path.resolve(import.meta.dirname, '../..');
const STRATEGY = 'src/core/strategies/momentum-scalper.ts';
const BEFORE = 'if (strength < 1) return signal;';
const AFTER = 'if (strength < 1.5) return signal;';

/** A copy of what decides, as another build of it would lie somewhere. */
export interface ReplayBuild {
  /** Changes one line of the strategy. Throws when that line is no longer there. */
  changeStrategy(): void;
  /** `npm run replay` of this build. */
  replay(log: string, ...args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>;
}

export function copyBuild(folder: string): ReplayBuild {
  cpSync(path.join(ROOT, 'src'), path.join(folder, 'src'), { recursive: true });
  cpSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return {
    changeStrategy() {
      const file = path.join(folder, STRATEGY);
      const text = readFileSync(file, 'utf8');
      if (!text.includes(BEFORE)) throw new Error(`${STRATEGY} has no line '${BEFORE}' any more`);
      writeFileSync(file, text.replace(BEFORE, AFTER));
    },
    async replay(log, ...args) {
      const program = path.join(folder, 'src/research/replay/main.ts');
      const options = { timeout: 120_000, maxBuffer: 64 * 1024 * 1024 };
      try {
        const { stdout } = await promisify(execFile)(process.execPath, [program, log, ...args], options);
        return { code: 0, output: stdout };
      } catch (error) {
        const { code, stdout } = error as { code: number; stdout: string };
        return { code, output: stdout };
      }
    },
  };
}
