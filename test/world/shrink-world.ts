import type { MessageFault } from '#simulation/world/message-faults.ts';
import type { WorldScript } from './world-script.ts';

/** Runs tried before what is left counts as the shortest. */
const TRIES = 400;

/**
 * The shortest script found that still fails: steps, then message faults, are taken out one at a time, steps made shorter, and the calm brought forward, until nothing more can
 * go. `fails` runs a script.
 */
export async function shrinkScript(
  script: WorldScript,
  fails: (script: WorldScript) => Promise<boolean>,
): Promise<WorldScript> {
  let shortest = script;
  let tries = 0;
  for (let found = true; found && tries < TRIES; ) {
    found = false;
    for (const candidate of smaller(shortest)) {
      tries += 1;
      if (tries > TRIES) break;
      if (!(await fails(candidate))) continue;
      shortest = candidate;
      found = true;
      break;
    }
  }
  return shortest;
}

function* smaller(script: WorldScript): Generator<WorldScript> {
  const { steps, shares, calmAtMs } = script;
  for (let index = 0; index < steps.length; index += 1) {
    yield { ...script, steps: steps.filter((_step, each) => each !== index) };
  }
  for (const [name, share] of Object.entries(shares)) {
    if (share > 0) yield { ...script, shares: { ...shares, [name as MessageFault]: 0 } };
  }
  const earlier = Math.round(calmAtMs * 0.7);
  if (earlier > 3_000) {
    yield { ...script, calmAtMs: earlier, steps: steps.filter((step) => step.atMs < earlier) };
  }
  for (const [index, step] of steps.entries()) {
    if (step.forMs < 100) continue;
    yield { ...script, steps: steps.with(index, { ...step, forMs: Math.round(step.forMs / 2) }) };
  }
}
