import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { Lane } from '#core/lanes/lane.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
/** What of a lane only tells. */
const READS = ['dailyProfit'];

describe('inputs of lanes', () => {
  it('M3, invariant 8: reach a lane of the engine by `LaneInputs` alone, which writes them down', () => {
    const inputs = Object.entries(Object.getOwnPropertyDescriptors(Lane.prototype))
      .filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor' && !READS.includes(name))
      .map(([name]) => name);
    expect(inputs).toEqual(expect.arrayContaining(['open', 'onBook', 'onTimer', 'onFill', 'onAnswer']));
    const call = new RegExp(`\\blane\\.(${inputs.join('|')})\\(`);
    const callers = globSync('containers/**/*.ts', { cwd: ROOT }).filter((file) =>
      call.test(readFileSync(path.join(ROOT, file), 'utf8')),
    );
    expect(callers).toEqual(['containers/engine/lane-inputs.ts']);
  });
});
