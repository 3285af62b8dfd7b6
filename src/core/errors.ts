/**
 * Classes of errors (S3). `retryable`: the same call may work later. `unknown`: it may have taken effect, query first.
 * `validation`: the input is wrong, whoever sent it. `rejected`: understood and refused, never retried.
 * `configuration`: people must act (keys, permissions, settings). `fatal`: a broken invariant of our own.
 */
export type ErrorClass = 'retryable' | 'unknown' | 'validation' | 'rejected' | 'configuration' | 'fatal';

/** An error with its class and a stable code; the message reads `CATEGORY_CONDITION: key=value …` and never holds a secret. */
export class MillraceError extends Error {
  readonly class: ErrorClass;
  readonly code: string;

  constructor(errorClass: ErrorClass, code: string, detail: string, options?: { cause?: unknown }) {
    super(`${code}: ${detail}`, options);
    this.name = 'MillraceError';
    this.class = errorClass;
    this.code = code;
  }
}

/** The message of anything thrown, for logs and events. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
