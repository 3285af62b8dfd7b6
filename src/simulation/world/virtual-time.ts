/** Time of a simulated world: it stands still while something runs, and jumps to what is due next. One order of events, whatever the machine does. */
export class VirtualTime {
  /** Since the world began, ms. */
  nowMs = 0;
  /** Things that have run. */
  steps = 0;
  #scheduled = 0;
  readonly #heap: Due[] = [];

  /** Runs `run` once, `delayMs` from now; of two that are due at once the one scheduled first comes first. Returns what cancels it. */
  after(delayMs: number, run: () => void): () => void {
    this.#scheduled += 1;
    const due: Due = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#scheduled, run };
    push(this.#heap, due);
    return () => {
      due.run = null;
    };
  }

  /** Runs what is due up to `endMs`; `settle` is awaited after each, so that what it promised is carried out before the next. False from `settle` ends it there. */
  async runUntil(endMs: number, settle: () => Promise<boolean>): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= endMs; next = this.#heap[0]) {
      pop(this.#heap);
      const { run } = next;
      if (run === null) continue;
      this.nowMs = next.atMs;
      this.steps += 1;
      run();
      if (!(await settle())) return;
    }
    this.nowMs = endMs;
  }
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | null;
}

function before(left: Due, right: Due): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

function push(heap: Due[], due: Due): void {
  let index = heap.length;
  heap.push(due);
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !before(due, parent)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const first = heap[left];
    if (first === undefined) break;
    const second = heap[left + 1];
    const lower = second !== undefined && before(second, first) ? left + 1 : left;
    const child = heap[lower];
    if (child === undefined || !before(child, last)) break;
    heap[index] = child;
    index = lower;
  }
  heap[index] = last;
}
