import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { STATE } from './paths.ts';

const ANNOUNCED = path.join(STATE, 'emulators');

/** Says to other commands of this checkout where a run's emulator is; the answer takes that back. */
export function announceEmulator(endpoint: string): () => void {
  mkdirSync(ANNOUNCED, { recursive: true });
  const file = path.join(ANNOUNCED, new URL(endpoint).port);
  writeFileSync(file, endpoint);
  return () => rmSync(file, { force: true });
}

/** The emulators of runs of this checkout that answer. One whose run was killed is forgotten. */
export async function runningEmulators(): Promise<readonly string[]> {
  let names: readonly string[] = [];
  try {
    names = readdirSync(ANNOUNCED);
  } catch (error) {
    // Nothing has ever run here.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const found = await Promise.all(
    names.map(async (name) => {
      const file = path.join(ANNOUNCED, name);
      const endpoint = readFileSync(file, 'utf8');
      if (await answers(endpoint)) return [endpoint];
      rmSync(file, { force: true });
      return [];
    }),
  );
  return found.flat();
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(`${endpoint}/_ministack/ready`, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
