import { MillraceError } from '#core/errors.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { createPendingRequests } from '../connection/pending-requests.ts';
import type { ConnectionSession } from '../connection/resilient-connection.ts';
import type { VenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime } from '../venue.ts';
import { authMessage } from './signing.ts';

const ANSWER_TIMEOUT_MS = 5_000;
/** How far ahead the signature expires, by the venue's clock. */
const EXPIRES_MS = 10_000;

export interface BybitAuthentication {
  start(): void;
  stop(): void;
  /** Signs in with the keys in force. Rejects with `CREDENTIALS_MISSING`, `AUTH_REFUSED` (class configuration) or `AUTH_UNANSWERED` (retryable). */
  signIn(session: ConnectionSession): Promise<void>;
  onAnswer(session: ConnectionSession, code: number, text: string): void;
  onSessionEnd(session: ConnectionSession, reason: string): void;
}

/** Signing in on a private or trade socket, and noticing that the keys have changed (R1). */
export function createBybitAuthentication(options: {
  readonly runtime: AccountRuntime;
  readonly venueClock: VenueClock;
  /** Other keys are in force than those last tried. */
  readonly onKeysChanged: () => void;
}): BybitAuthentication {
  const { runtime, venueClock } = options;
  const pending = createPendingRequests<{ readonly code: number; readonly text: string }>(runtime.timers, 4);
  const watch = createCredentialWatch({
    credentials: runtime.credentials,
    timers: runtime.timers,
    onChange: options.onKeysChanged,
  });

  return {
    start: () => watch.start(),
    stop: () => watch.stop(),
    signIn(session) {
      const credentials = runtime.credentials();
      watch.using(credentials);
      if (credentials === null) {
        const unit = `${runtime.account.mode}/${runtime.account.account}`;
        return Promise.reject(new MillraceError('configuration', 'CREDENTIALS_MISSING', `account=${unit}`));
      }
      session.progress('authenticating', 'signing in');
      return new Promise((resolve, reject) => {
        const id = `auth-${session.id}`;
        pending.add(id, session.id, ANSWER_TIMEOUT_MS, (outcome) => {
          if (outcome.kind !== 'answer') {
            reject(new MillraceError('retryable', 'AUTH_UNANSWERED', `cause=${outcome.kind}`));
          } else if (outcome.answer.code !== 0) {
            const { code, text } = outcome.answer;
            // Another time than the venue's is refused in the same words as a wrong key.
            venueClock.distrust();
            reject(new MillraceError('configuration', 'AUTH_REFUSED', `code=${code} text=${text}`));
          } else {
            resolve();
          }
        });
        session.send(authMessage(credentials, venueClock.venueNow() + EXPIRES_MS, id));
      });
    },
    onAnswer(session, code, text) {
      pending.answer(`auth-${session.id}`, { code, text });
    },
    onSessionEnd(session, reason) {
      pending.failSession(session.id, reason);
    },
  };
}
