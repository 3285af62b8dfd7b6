import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 to choose memory over speed when it collects: pages that are half empty are moved together and given back, and young space shrinks when it is quiet. Without it
 * old space's pages fill with holes that live objects hold open, and the process grows for as long as it runs (docs/performance.md, "Soak"). Held for the whole process, the
 * publishing thread's heap too; `NODE_OPTIONS` does not take this flag.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--optimize-for-size');
}
