import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 to move what lives on half empty pages together whenever it collects the whole heap, and to give those pages back. Without it old space fills with holes that live objects hold
 * open, and the process grows for as long as it runs (docs/performance.md, "Soak"). Not `--optimize-for-size`, which does the same and more, but compiles for size too: books were
 * applied at half the speed. Held for the whole process, the publishing thread's heap too; `NODE_OPTIONS` does not take this flag.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--compact-on-every-full-gc');
}
