const LOOK_MS = 2;

/**
 * Waits until `check` gives something, and answers with it; fails with `what` after `withinMs`. That is patience, for machines with much to do: how fast a thing must
 * be is measured and expected apart.
 */
export async function until<T>(what: string, check: () => T | null | undefined | false, withinMs = 10_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = check();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
