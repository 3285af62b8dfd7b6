import { runWorld } from './world.ts';
import { scriptOf } from './world-script.ts';

/** Which of so many seeds fail, each with the command that shows it and the invariant. */
export async function failuresOf(from: number, count: number): Promise<string[]> {
  const failures: string[] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const { violation } = await runWorld(scriptOf(seed));
    if (violation !== null) failures.push(`npm run world -- --seed ${seed} --trace: ${violation}`);
  }
  return failures;
}
