import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { createPendingRequests, type RequestOutcome } from '../connection/pending-requests.ts';
import type { ConnectionSession } from '../connection/resilient-connection.ts';
import { createVenueClock, takeSample, type VenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime } from '../venue.ts';
import { TOKEN_EXPIRED, TOO_MANY_REQUESTS } from './errors.ts';
import { parseNumbersAsText } from './json-numbers.ts';
import { errorText, type RequestParameters, type RpcMessage, requestText, rpcMessage } from './json-rpc.ts';
import { fetchServerTime } from './public-rest.ts';
import { signatureGrant } from './signing.ts';

const ANSWER_TIMEOUT_MS = 5_000;
const MAX_PENDING = 500;
/** The venue asks for a sign of life so often, s. */
const HEARTBEAT_S = 30;
/** A token is exchanged for the next at this share of its life. */
const REFRESH_AT = 0.8;
/** Longest wait that a timer can keep; longer lives are refreshed earlier. */
const MAX_REFRESH_MS = 2_000_000_000;

const granted = z.object({ expires_in: z.string().regex(/^\d{1,12}$/), refresh_token: z.string().min(1) });

export interface DeribitSessionOptions {
  readonly runtime: AccountRuntime;
  /** For logs. */
  readonly name: string;
  /** Other keys are in force than those last tried. */
  readonly onKeysChanged: () => void;
  /** The session's token is no longer good and could not be renewed; or credits have run out. */
  readonly onFailure: (session: ConnectionSession, reason: string) => void;
  /** 10028: the venue will end the session. */
  readonly onDrained: () => void;
  readonly onNotification: (channel: string, data: unknown, session: ConnectionSession, frame: Buffer) => void;
  /** The session gives a sign of life. */
  readonly onAlive: () => void;
}

/** What the private connections share: requests with their answers, signing in and staying so, heartbeats. */
export interface DeribitSession {
  readonly venueClock: VenueClock;
  readonly pending: number;
  start(): void;
  stop(): void;
  /** Signs in by signature, with the keys in force, and asks for heartbeats. Rejects with `CREDENTIALS_MISSING`, `AUTH_REFUSED` (class configuration) or `AUTH_UNANSWERED` (retryable). */
  open(session: ConnectionSession): Promise<void>;
  /** Sends a request; `settle` is called exactly once. False, and nothing has left, if too many wait. Throws what `session.send` throws. */
  request(
    session: ConnectionSession,
    method: string,
    parameters: RequestParameters,
    settle: (outcome: RequestOutcome<RpcMessage>) => void,
  ): boolean;
  onFrame(frame: Buffer, session: ConnectionSession): void;
  onSessionEnd(session: ConnectionSession, reason: string): void;
}

export function createDeribitSession(options: DeribitSessionOptions): DeribitSession {
  const { runtime, name } = options;
  const { clock, timers, log } = runtime;
  const venueClock = createVenueClock(clock);
  const waiting = createPendingRequests<RpcMessage>(timers, MAX_PENDING);
  const refreshing = new Map<number, () => void>();
  /** Sessions that are about to sign in again. */
  const signingIn = new Set<number>();
  const prefix = Math.floor(runtime.random.next() * 36 ** 6).toString(36);
  let requests = 0;

  const watch = createCredentialWatch({
    credentials: runtime.credentials,
    timers,
    onChange: options.onKeysChanged,
  });

  function send(
    session: ConnectionSession,
    method: string,
    parameters: RequestParameters,
    settle: (outcome: RequestOutcome<RpcMessage>) => void,
  ): boolean {
    if (waiting.size >= MAX_PENDING) return false;
    requests += 1;
    const id = `${prefix}-${requests.toString(36)}`;
    const sentAt = clock.monoNanos();
    session.send(requestText(id, method, parameters));
    return waiting.add(id, session.id, ANSWER_TIMEOUT_MS, (outcome) => {
      // The venue says when it wrote the answer: a reading of its clock.
      if (outcome.kind === 'answer' && outcome.answer.usOut !== undefined) {
        venueClock.sample(sentAt, clock.monoNanos(), (Number(outcome.answer.usOut) / 1_000) as EpochMs);
      }
      settle(outcome);
    });
  }

  /** The answer's result. Rejects with what the venue said, or that it said nothing. */
  function ask(session: ConnectionSession, method: string, parameters: RequestParameters): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const sent = send(session, method, parameters, (outcome) => {
        if (outcome.kind !== 'answer') {
          reject(new MillraceError('retryable', 'AUTH_UNANSWERED', `method=${method} cause=${outcome.kind}`));
        } else if (outcome.answer.error !== undefined) {
          const { code } = outcome.answer.error;
          const isKeys = method === 'public/auth' && !isTransient(Number(code));
          reject(
            new MillraceError(
              isKeys ? 'configuration' : 'retryable',
              'AUTH_REFUSED',
              `method=${method} code=${code} text=${errorText(outcome.answer.error)}`,
            ),
          );
        } else resolve(outcome.answer.result);
      });
      if (!sent) reject(new MillraceError('retryable', 'REQUESTS_PENDING', `max=${MAX_PENDING}`));
    });
  }

  async function signIn(session: ConnectionSession): Promise<void> {
    const credentials = runtime.credentials();
    watch.using(credentials);
    if (credentials === null) {
      const unit = `${runtime.account.mode}/${runtime.account.account}`;
      throw new MillraceError('configuration', 'CREDENTIALS_MISSING', `account=${unit}`);
    }
    keepSignedIn(
      session,
      await ask(session, 'public/auth', signatureGrant(credentials, Math.floor(venueClock.venueNow()))),
    );
  }

  /** At four fifths of its life the token is exchanged; if that fails the session is given up, and the next signs in anew. */
  function keepSignedIn(session: ConnectionSession, result: unknown): void {
    const grant = granted.safeParse(result);
    if (!grant.success) throw new MillraceError('retryable', 'AUTH_UNANSWERED', 'the grant is not as documented');
    const waitMs = Math.min(MAX_REFRESH_MS, Number(grant.data.expires_in) * 1_000 * REFRESH_AT);
    refreshing.get(session.id)?.();
    refreshing.set(
      session.id,
      timers.after(waitMs, () => {
        renew(session, grant.data.refresh_token).catch((error: unknown) =>
          options.onFailure(session, `token not renewed: ${messageOf(error)}`),
        );
      }),
    );
  }

  async function renew(session: ConnectionSession, refreshToken: string): Promise<void> {
    const grant = { grant_type: 'refresh_token', refresh_token: refreshToken };
    keepSignedIn(session, await ask(session, 'public/auth', grant));
  }

  function onAnswer(message: RpcMessage, session: ConnectionSession): void {
    const code = Number(message.error?.code);
    if (code === TOO_MANY_REQUESTS) options.onDrained();
    if (!waiting.answer(message.id ?? '', message) && message.error !== undefined) {
      log('warn', 'answer that nobody waits for', { connection: name, code, text: errorText(message.error) });
    }
    if (TOKEN_EXPIRED.includes(code)) signInAgain(session, code);
  }

  /** On the same connection, so that cancel-on-disconnect takes no order; only where that fails the session is given up. */
  function signInAgain(session: ConnectionSession, code: number): void {
    if (signingIn.has(session.id)) return;
    signingIn.add(session.id);
    signIn(session)
      .then(
        () => log('warn', 'signed in again', { connection: name, code }),
        (error: unknown) => options.onFailure(session, `code=${code} not signed in any longer: ${messageOf(error)}`),
      )
      .finally(() => signingIn.delete(session.id));
  }

  return {
    venueClock,
    get pending() {
      return waiting.size;
    },
    start: () => watch.start(),
    stop: () => watch.stop(),
    async open(session) {
      if (!venueClock.synced()) {
        await takeSample(venueClock, clock, () => fetchServerTime(runtime)).catch((error: unknown) =>
          log('warn', 'venue time not known, the wall clock is used', { connection: name, reason: messageOf(error) }),
        );
      }
      session.progress('authenticating', 'signing in');
      await signIn(session);
      await ask(session, 'public/set_heartbeat', { interval: HEARTBEAT_S });
    },
    request: send,
    onFrame(frame, session) {
      const parsed = rpcMessage.safeParse(parseNumbersAsText(frame.toString('utf8')));
      if (!parsed.success)
        throw new MillraceError('validation', 'REPORT_INVALID', `bytes=${frame.length} no JSON-RPC message`);
      const message = parsed.data;
      options.onAlive();
      if (message.method === 'subscription') {
        options.onNotification(message.params?.channel ?? '', message.params?.data, session, frame);
      } else if (message.method === 'heartbeat') {
        if (message.params?.type === 'test_request') send(session, 'public/test', {}, () => undefined);
      } else onAnswer(message, session);
    },
    onSessionEnd(session, reason) {
      refreshing.get(session.id)?.();
      refreshing.delete(session.id);
      waiting.failSession(session.id, reason);
    },
  };
}

/** Not the keys' fault: credits, maintenance, queues. */
function isTransient(code: number): boolean {
  return [TOO_MANY_REQUESTS, 10040, 10041, 10047, 10066, 11051, 11094, 13028, 13888].includes(code);
}
