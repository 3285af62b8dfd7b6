/** A world with one true time, in ms. */
export function createTrueTime() {
  let now = 0;
  let order = 0;
  let due: { at: number; order: number; run: () => void }[] = [];
  return {
    now: () => now,
    at(time: number, run: () => void): () => void {
      order += 1;
      const entry = { at: Math.max(now, time), order, run };
      due.push(entry);
      return () => {
        due = due.filter((each) => each !== entry);
      };
    },
    async runUntil(end: number) {
      for (;;) {
        const next = due.toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
        if (next === undefined || next.at > end) return;
        due = due.filter((each) => each !== next);
        now = next.at;
        next.run();
        for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
      }
    },
  };
}
