import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** What decisions follow from, but for the inputs: the trading domain, and how the venues' frames are read. */
const FOLDERS = ['src/core', 'src/venues'];

/**
 * Hash of the sources that decide, so that a replay can tell another build from a fault of its own. `root`: the project's folder. Null where there are no sources: an image has its hash from
 * when it was bundled.
 */
export function decidingSources(root = fileURLToPath(new URL('../../', import.meta.url))): string | null {
  if (!FOLDERS.every((folder) => existsSync(path.join(root, folder)))) return null;
  const hash = createHash('sha256');
  for (const file of globSync(
    FOLDERS.map((folder) => `${folder}/**/*.ts`),
    { cwd: root },
  ).sort()) {
    hash
      .update(`${file.replaceAll('\\', '/')}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}
