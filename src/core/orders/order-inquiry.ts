import type { MonoNanos } from '../time/clock.ts';

/** When people are told of an order that nobody can say the state of, counted from when it became unclear. */
export interface Escalation {
  readonly afterMs: number;
  readonly severity: 'warning' | 'critical';
}

/** The one table of these times; what comes after its last row is told again each `ESCALATED_AGAIN_MS`, as gravely as that row. */
export const ESCALATIONS = [
  { afterMs: 10_000, severity: 'warning' },
  { afterMs: 30_000, severity: 'critical' },
] as const satisfies readonly Escalation[];
/** After the last of these people are told again each so often. */
export const ESCALATED_AGAIN_MS = 300_000;

/** The n-th time that people are told, from 0. */
export function escalationOf(n: number): Escalation {
  const row = ESCALATIONS[n];
  if (row !== undefined) return row;
  const last = ESCALATIONS[ESCALATIONS.length - 1] ?? ESCALATIONS[0];
  return { ...last, afterMs: last.afterMs + (n - ESCALATIONS.length + 1) * ESCALATED_AGAIN_MS };
}

/** What is to be told now. */
export interface DueEscalation {
  readonly severity: 'warning' | 'critical';
  /** 1 for the first time. */
  readonly time: number;
  /** How long it has been unclear, s. */
  readonly seconds: number;
  /** What was asked and answered so far. */
  readonly asked: string;
}

/** What became of the questions about one order while nobody can say what it is, and what people were told of that. */
export class OrderInquiry {
  /** Since when nobody can say what it is; null: it is known. */
  since: MonoNanos | null = null;
  /** Answers in a row that nothing of the order is there. */
  absences = 0;
  #told = 0;
  #asked = 0;
  #absent = 0;
  #failed = 0;
  #lastFailure = '';

  /** Nobody can say what it is. */
  begin(now: MonoNanos): void {
    this.since ??= now;
  }

  asked(): void {
    this.#asked += 1;
  }

  /** No endpoint knew it. Returns how often in a row. */
  absent(): number {
    this.#absent += 1;
    this.absences += 1;
    return this.absences;
  }

  /** The venue could not be asked; what it said before is no row any more. */
  failed(reason: string): void {
    this.#failed += 1;
    this.#lastFailure = reason;
    this.absences = 0;
  }

  /** What people are to hear now, once each; null: nothing. */
  due(now: MonoNanos): DueEscalation | null {
    if (this.since === null) return null;
    const { afterMs, severity } = escalationOf(this.#told);
    const elapsedMs = (now - this.since) / 1e6;
    if (elapsedMs < afterMs) return null;
    this.#told += 1;
    return { severity, time: this.#told, seconds: Math.floor(elapsedMs / 1_000), asked: this.summary };
  }

  /** It is known again. What people are to hear if they were told that it was not: for how long, s; else null. */
  end(now: MonoNanos): number | null {
    const { since } = this;
    const told = this.#told > 0;
    this.since = null;
    this.absences = 0;
    this.#told = 0;
    if (since === null || !told) return null;
    return Math.floor((now - since) / 1e9);
  }

  get summary(): string {
    if (this.#asked === 0) return 'not asked yet';
    const failures = this.#failed === 0 ? '' : `, ${this.#failed} times without an answer (last: ${this.#lastFailure})`;
    return `asked ${this.#asked} times, ${this.#absent} times nothing was found${failures}`;
  }
}
