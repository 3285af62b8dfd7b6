import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createCredentialWatch } from '../connection/credential-watch.ts';
import { createPendingRequests, type RequestOutcome } from '../connection/pending-requests.ts';
import type { ConnectionSession } from '../connection/resilient-connection.ts';
import { createVenueClock, takeSample, type VenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime, Credentials } from '../venue.ts';
import { DERIBIT_PATHS } from './endpoints.ts';
import { TOKEN_EXPIRED, TOO_MANY_REQUESTS } from './errors.ts';
import { parseNumbersAsText } from './json-numbers.ts';
import { errorText, type RequestParameters, type RpcMessage, requestText, rpcMessage } from './json-rpc.ts';
import { callOf, type DeribitLimits } from './limits.ts';
import { fetchServerTime } from './public-rest.ts';
import { credentialsGrant, signatureGrant } from './signing.ts';

const ANSWER_TIMEOUT_MS = 5_000;
const MAX_PENDING = 500;
/** The venue asks for a sign of life so often, s. */
const HEARTBEAT_S = 30;
/** A token is exchanged for the next at this share of its life. */
const REFRESH_AT = 0.8;
/** The token is good for a while after the first attempt. */
const SIGN_IN_ATTEMPTS = 6;
const SIGN_IN_EVERY_MS = 10_000;
/** Longest wait that a timer can keep; longer lives are refreshed earlier. */
const MAX_REFRESH_MS = 2_000_000_000;

const granted = z.object({ expires_in: z.string().regex(/^\d{1,12}$/), refresh_token: z.string().min(1) });

export interface DeribitSessionOptions {
  readonly runtime: AccountRuntime;
  /** For logs. */
  readonly name: string;
  /** Other keys are in force than those last tried. */
  readonly onKeysChanged: () => void;
  /** Base address of the connection. */
  readonly address: string;
  readonly limits: DeribitLimits;
  /** The session's token is no longer good, and signing in again failed. */
  readonly onFailure: (session: ConnectionSession, reason: string) => void;
  readonly onNotification: (channel: string, data: unknown, session: ConnectionSession, frame: Buffer) => void;
}

/** What the private connections share: requests with their answers, signing in and staying so, heartbeats. */
export interface DeribitSession {
  readonly venueClock: VenueClock;
  readonly pending: number;
  start(): void;
  stop(): void;
  /** Where to connect to, once that may be: out of credits, whoever comes back too early is shut out again. */
  url(): Promise<string>;
  /** Signs in by signature (`wss`: by credentials if the signature is refused), with the keys in force, and asks for heartbeats. Rejects with `CREDENTIALS_MISSING`, `AUTH_REFUSED` (class configuration) or `AUTH_UNANSWERED` (retryable). */
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
  /** Sessions whose socket is there. */
  const open = new Set<number>();
  /** Keys that were refused both ways: the secret is not sent again. */
  let refusedKeys: Credentials | null = null;
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
      if (outcome.kind === 'answer') onRefusal(session, method, outcome.answer);
    });
  }

  function onRefusal(session: ConnectionSession, method: string, { error }: RpcMessage): void {
    if (error === undefined) return;
    const code = Number(error.code);
    // The venue will end the session.
    if (code === TOO_MANY_REQUESTS) options.limits.refused(callOf(method));
    if (TOKEN_EXPIRED.includes(code) && method !== 'public/auth') signInAgain(session, `code=${code}`);
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
    keepSignedIn(session, await grantTo(session, credentials));
  }

  /** By signature, which shows the secret to nobody. Where that alone is refused (a clock that is off), the credentials do, over a connection that only the venue can read. */
  async function grantTo(session: ConnectionSession, credentials: Credentials): Promise<unknown> {
    try {
      return await ask(session, 'public/auth', signatureGrant(credentials, Math.floor(venueClock.venueNow())));
    } catch (error) {
      const isRefused = error instanceof MillraceError && error.class === 'configuration';
      if (!isRefused || !options.address.startsWith('wss://') || isSame(refusedKeys, credentials)) throw error;
      log('warn', 'signature refused, the credentials are tried', { connection: name, reason: error.message });
    }
    try {
      return await ask(session, 'public/auth', credentialsGrant(credentials));
    } catch (error) {
      if (error instanceof MillraceError && error.class === 'configuration') refusedKeys = credentials;
      throw error;
    }
  }

  /** At four fifths of its life the token is exchanged; if that fails, the session signs in anew. */
  function keepSignedIn(session: ConnectionSession, result: unknown): void {
    const grant = granted.safeParse(result);
    if (!grant.success) throw new MillraceError('retryable', 'AUTH_UNANSWERED', 'the grant is not as documented');
    const waitMs = Math.min(MAX_REFRESH_MS, Number(grant.data.expires_in) * 1_000 * REFRESH_AT);
    refreshing.get(session.id)?.();
    refreshing.set(
      session.id,
      timers.after(waitMs, () => {
        renew(session, grant.data.refresh_token).catch((error: unknown) =>
          signInAgain(session, `token not renewed: ${messageOf(error)}`),
        );
      }),
    );
  }

  async function renew(session: ConnectionSession, refreshToken: string): Promise<void> {
    const grant = { grant_type: 'refresh_token', refresh_token: refreshToken };
    keepSignedIn(session, await ask(session, 'public/auth', grant));
  }

  function onAnswer(message: RpcMessage): void {
    const { error } = message;
    if (waiting.answer(message.id ?? '', message) || error === undefined) return;
    log('warn', 'answer that nobody waits for', { connection: name, code: error.code, text: errorText(error) });
    if (Number(error.code) === TOO_MANY_REQUESTS) options.limits.refused('query');
  }

  /** On the same connection, so that cancel-on-disconnect takes no order; only where the keys are refused, or nothing else helps, the session is given up. */
  function signInAgain(session: ConnectionSession, cause: string, attempt = 1): void {
    if (signingIn.has(session.id) || !open.has(session.id)) return;
    signingIn.add(session.id);
    signIn(session)
      .then(
        () => log('warn', 'signed in again', { connection: name, cause }),
        (error: unknown) => {
          if (!open.has(session.id)) return;
          const reason = `not signed in any longer, ${cause}: ${messageOf(error)}`;
          if (!(error instanceof MillraceError) || error.class !== 'retryable' || attempt >= SIGN_IN_ATTEMPTS) {
            options.onFailure(session, reason);
            return;
          }
          log('warn', reason, { connection: name, attempt });
          refreshing.get(session.id)?.();
          refreshing.set(
            session.id,
            timers.after(SIGN_IN_EVERY_MS, () => signInAgain(session, cause, attempt + 1)),
          );
        },
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
    async url() {
      const waitMs = options.limits.reconnectInMs();
      if (waitMs > 0) await new Promise<void>((resolve) => timers.after(Math.ceil(waitMs), resolve));
      return `${options.address}${DERIBIT_PATHS.websocket}`;
    },
    async open(session) {
      open.add(session.id);
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
      if (message.method === 'subscription') {
        options.onNotification(message.params?.channel ?? '', message.params?.data, session, frame);
      } else if (message.method === 'heartbeat') {
        if (message.params?.type === 'test_request') send(session, 'public/test', {}, () => undefined);
      } else onAnswer(message);
    },
    onSessionEnd(session, reason) {
      open.delete(session.id);
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

function isSame(a: Credentials | null, b: Credentials): boolean {
  return a?.key === b.key && a.secret === b.secret;
}
