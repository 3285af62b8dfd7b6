/** Reports of an account that wait while an acknowledgement goes before what it caused. */
export interface HeldReports {
  /** Sends now, or when nobody holds any more, in order. */
  send(report: () => void): void;
  hold(): void;
  /** To be called as often as `hold`. */
  release(): void;
}

export function createHeldReports(): HeldReports {
  const waiting: (() => void)[] = [];
  let held = 0;
  return {
    send(report) {
      if (held > 0) waiting.push(report);
      else report();
    },
    hold() {
      held += 1;
    },
    release() {
      held -= 1;
      if (held === 0) for (const report of waiting.splice(0)) report();
    },
  };
}
