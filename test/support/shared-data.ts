import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Where recorded data and known answers are: beside the project, or where `MILLRACE_SHARED_DATA` says. */
export const SHARED_DATA = process.env.MILLRACE_SHARED_DATA ?? resolve(import.meta.dirname, '../../../shared/data');

/** True if `path` exists there. Says loudly that tests are skipped when it does not. */
export function hasSharedData(path: string): boolean {
  const found = existsSync(join(SHARED_DATA, path));
  if (!found) console.warn(`SKIPPED: ${path} is not in ${SHARED_DATA}; set MILLRACE_SHARED_DATA to run these tests`);
  return found;
}

export function sharedText(path: string): string {
  const bytes = readFileSync(join(SHARED_DATA, path));
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

/** The rows of a jsonl file. */
export function sharedRows(path: string): unknown[] {
  return sharedText(path)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
