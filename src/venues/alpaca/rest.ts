import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { RATE_BUDGET, waitForTurn } from '../connection/wait-for-turn.ts';
import type { Credentials, VenueRuntime } from '../venue.ts';
import { type AlpacaOperation, classOfStatus } from './errors.ts';
import { type AlpacaCall, type AlpacaLimits, alpacaLimitsOf } from './limits.ts';
import { authHeaders } from './signing.ts';
import { parseTimestamp } from './timestamps.ts';

/** Answers past this are lost as far as we are concerned. */
const ANSWER_TIMEOUT_MS = 5_000;

export type QueryParameters = Readonly<Record<string, string | number | undefined>>;

/** REST calls with the keys of one account. Every method rejects with a `VenueError`. */
export interface AlpacaRest {
  /** `call`: whose budget it uses; what a cancel has to look up first may use what is kept for cancels. */
  get(path: string, parameters?: QueryParameters, call?: AlpacaCall): Promise<unknown>;
  /**
   * Sends now or not at all: class `retry`, code `RATE_BUDGET`, and nothing left the process, where the own budget is used up. Given up after `withinMs`: what waited for
   * its link until then does not leave any more.
   */
  send(
    method: 'POST' | 'DELETE',
    path: string,
    body: unknown,
    operation: 'create' | 'cancel',
    withinMs?: number,
  ): Promise<unknown>;
  serverTime(): Promise<EpochMs>;
}

/** `code` of an error that proves that nothing was sent. */
export const CREDENTIALS_MISSING = 'CREDENTIALS_MISSING';
const MAINTENANCE_STATUS = 503;
/** `code` of an answer by which the venue says that it is in maintenance. */
export const MAINTENANCE = `HTTP_${MAINTENANCE_STATUS}`;

const errorBody = z.looseObject({ code: z.number().optional(), message: z.string().optional() });
const clockBody = z.looseObject({ timestamp: z.string() });

/** A time of the venue's; class `retry` for what is none. */
export function readTime(text: string, what: string): EpochMs {
  const time = parseTimestamp(text);
  if (time === null) throw new VenueError('retry', 'ANSWER_INVALID', `${what} is not a time`);
  return time;
}

/** `credentials` is asked anew for each request, so that a rotation needs no restart; null: `CREDENTIALS_MISSING` (class keys), nothing sent. */
export function createAlpacaRest(
  runtime: VenueRuntime,
  credentials: () => Credentials | null,
  limits: AlpacaLimits = alpacaLimitsOf(runtime),
): AlpacaRest {
  async function request(
    method: string,
    pathAndQuery: string,
    body: unknown,
    operation: AlpacaOperation,
    withinMs = ANSWER_TIMEOUT_MS,
  ): Promise<unknown> {
    const keys = credentials();
    if (keys === null) throw new VenueError('keys', CREDENTIALS_MISSING, 'no keys are known for this account');
    const headers = { ...authHeaders(keys), ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
    const init: RequestInit = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return exchange(runtime, operation, pathAndQuery, init, limits, Math.min(withinMs, ANSWER_TIMEOUT_MS));
  }

  const get = async (path: string, parameters: QueryParameters = {}, call: AlpacaCall = 'query'): Promise<unknown> => {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
    const text = query.toString();
    await waitForTurn(runtime.timers, path, () => limits.take(call));
    return request('GET', text === '' ? path : `${path}?${text}`, undefined, 'query');
  };

  return {
    get,
    send(method, path, body, operation, withinMs) {
      const waitMs = limits.take(operation === 'cancel' ? 'cancel' : 'order');
      if (waitMs > 0) {
        return Promise.reject(new VenueError('retry', RATE_BUDGET, `wait ${Math.ceil(waitMs)} ms`, waitMs));
      }
      return request(method, path, body, operation, withinMs);
    },
    async serverTime() {
      const { timestamp } = readAnswer(clockBody, await get('/v2/clock'), '/v2/clock');
      return readTime(timestamp, '/v2/clock timestamp');
    },
  };
}

/** Sends one request and reads its answer whole, within the time limit. An answer without a body is null. */
async function exchange(
  runtime: VenueRuntime,
  operation: AlpacaOperation,
  pathAndQuery: string,
  init: RequestInit,
  limits: AlpacaLimits,
  timeoutMs: number,
): Promise<unknown> {
  const abort = new AbortController();
  const cancel = runtime.timers.after(timeoutMs, () => abort.abort());
  const unclear = operation === 'query' ? 'retry' : 'unknown';
  let status: number;
  let text: string;
  let headers: Headers;
  try {
    const response = await runtime.fetch(`${runtime.endpoints.rest}${pathAndQuery}`, { ...init, signal: abort.signal });
    text = await response.text();
    ({ status, headers } = response);
  } catch (error) {
    // An address that may not be called: nothing was sent.
    if (error instanceof MillraceError) throw new VenueError('reject', error.code, error.message);
    throw new VenueError(unclear, abort.signal.aborted ? 'TIMEOUT' : 'LINK', messageOf(error));
  } finally {
    cancel();
  }
  limits.observe(headers);
  if (status >= 200 && status < 300) return text === '' ? null : parseBody(text, unclear);
  throw refusalOf(status, text, operation, status === 429 ? limits.refused(headers, runtime.clock.epochMs()) : null);
}

/** `{"code","message"}`: the venue's own code where there is one, else the HTTP status. */
function refusalOf(status: number, text: string, operation: AlpacaOperation, retryAfterMs: number | null): VenueError {
  const body = errorBody.safeParse(parsedOrNull(text));
  const own = body.success ? body.data.code : undefined;
  // 503 is maintenance, whatever code of its own the venue gives to it.
  const code = own === undefined || status === MAINTENANCE_STATUS ? `HTTP_${status}` : String(own);
  const said = (body.success ? body.data.message : undefined) ?? text.slice(0, 200);
  return new VenueError(classOfStatus(status, said, operation), code, said, retryAfterMs);
}

function parseBody(text: string, unclear: 'retry' | 'unknown'): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VenueError(unclear, 'ANSWER_INVALID', messageOf(error));
  }
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
