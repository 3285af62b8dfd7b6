import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { createVenueClock, takeSample, type VenueClock } from '../connection/venue-clock.ts';
import type { AccountRuntime, VenueRuntime } from '../venue.ts';
import { type BybitOperation, classOfCode, classOfStatus } from './errors.ts';
import { type BybitCall, type BybitLimits, createBybitLimits } from './limits.ts';
import { signedHeaders } from './signing.ts';

/** Answers past this are lost as far as we are concerned. */
const ANSWER_TIMEOUT_MS = 5_000;
const RECV_WINDOW_MS = 5_000;
/** Longest wait for the own budget. */
const MAX_WAIT_MS = 2_000;

const envelope = z.object({
  retCode: z.number(),
  retMsg: z.string(),
  result: z.unknown().optional(),
  time: z.number().optional(),
});
const timeResult = z.object({ timeNano: z.string().regex(/^\d{16,19}$/) });

export type QueryParameters = Readonly<Record<string, string | number | undefined>>;

/** Signed REST calls of one account. Every method rejects with a `VenueError`. */
export interface BybitRest {
  readonly venueClock: VenueClock;
  serverTime(): Promise<EpochMs>;
  get(path: string, parameters: QueryParameters): Promise<unknown>;
  post(path: string, body: Readonly<Record<string, unknown>>, call: Exclude<BybitCall, 'public'>): Promise<unknown>;
}

/** The venue's time by public REST, for all who keep a clock. Rejects with a `VenueError` of class `retry`. */
export async function fetchServerTime(runtime: VenueRuntime): Promise<EpochMs> {
  const response = await exchange(runtime, 'query', '/v5/market/time', { method: 'GET' });
  const result = read(timeResult, readEnvelope(response, 'query').result, '/v5/market/time');
  return (Number(BigInt(result.timeNano) / 1_000n) / 1_000) as EpochMs;
}

/** Reads a result by its schema. Throws `VenueError` of class `retry` for one of another shape. */
export function read<Schema extends z.ZodType>(schema: Schema, result: unknown, what: string): z.infer<Schema> {
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  throw new VenueError('retry', 'ANSWER_INVALID', `${what} ${where}`);
}

export function createBybitRest(runtime: AccountRuntime): BybitRest {
  const venueClock = createVenueClock(runtime.clock);
  const limits = createBybitLimits(runtime.clock, true);

  const serverTime = (): Promise<EpochMs> => fetchServerTime(runtime);

  async function synchronise(): Promise<void> {
    await takeSample(venueClock, runtime.clock, serverTime);
  }

  async function call(
    operation: BybitOperation,
    path: string,
    request: (timestamp: number) => { readonly url: string; readonly init: RequestInit },
  ): Promise<unknown> {
    if (!venueClock.synced()) await synchronise();
    try {
      return await attempt(operation, path, request);
    } catch (error) {
      // The venue judged our time as wrong and did nothing: measure again, then once more.
      if (!(error instanceof VenueError) || error.venueClass !== 'clock') throw error;
      await synchronise();
      return attempt(operation, path, request);
    }
  }

  async function attempt(
    operation: BybitOperation,
    path: string,
    request: (timestamp: number) => { readonly url: string; readonly init: RequestInit },
  ): Promise<unknown> {
    await withinBudget(operation, path);
    const { url, init } = request(venueClock.venueNow());
    const response = await exchange(runtime, operation, url, init, limits);
    const answer = readEnvelope(response, operation);
    const headers = limitHeaders(response.headers);
    limits.observe(operation, headers);
    if (answer.retCode === 0) return answer.result;
    const errorClass = classOfCode(answer.retCode, operation);
    const retryAfterMs =
      answer.retCode === 10006 || answer.retCode === 10429
        ? limits.refused(operation, headers, venueClock.venueNow())
        : null;
    throw new VenueError(errorClass, String(answer.retCode), answer.retMsg, retryAfterMs);
  }

  /** Waits for its turn in the budget; a longer wait than a caller can be kept for rejects. */
  async function withinBudget(operation: BybitOperation, path: string): Promise<void> {
    for (let waitMs = limits.take(operation); waitMs > 0; waitMs = limits.take(operation)) {
      if (waitMs > MAX_WAIT_MS) {
        throw new VenueError('retry', 'RATE_BUDGET', `path=${path} wait=${Math.ceil(waitMs)} ms`, waitMs);
      }
      const turn = Math.ceil(waitMs);
      await new Promise<void>((resolve) => runtime.timers.after(turn, resolve));
    }
  }

  function credentials() {
    const known = runtime.credentials();
    if (known === null) throw new VenueError('keys', 'CREDENTIALS_MISSING', `account=${runtime.account.account}`);
    return known;
  }

  return {
    venueClock,
    serverTime,
    get(path, parameters) {
      // Sent as signed, byte for byte; cursors come percent-encoded already.
      const query = Object.entries(parameters)
        .filter(([, value]) => value !== undefined && value !== '')
        .map(([name, value]) => `${name}=${value}`)
        .join('&');
      return call('query', path, (timestamp) => ({
        url: `${path}?${query}`,
        init: { method: 'GET', headers: signedHeaders(credentials(), timestamp, RECV_WINDOW_MS, query) },
      }));
    },
    post(path, body, operation) {
      const text = JSON.stringify(body);
      return call(operation, path, (timestamp) => ({
        url: path,
        init: {
          method: 'POST',
          body: text,
          headers: {
            'content-type': 'application/json',
            ...signedHeaders(credentials(), timestamp, RECV_WINDOW_MS, text),
          },
        },
      }));
    },
  };
}

interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly operation: BybitOperation;
}

/** Sends one request and reads its answer whole, within the time limit. */
async function exchange(
  runtime: VenueRuntime,
  operation: BybitOperation,
  pathAndQuery: string,
  init: RequestInit,
  limits?: BybitLimits,
): Promise<RawAnswer> {
  const abort = new AbortController();
  const cancel = runtime.timers.after(ANSWER_TIMEOUT_MS, () => abort.abort());
  try {
    const response = await runtime.fetch(`${runtime.endpoints.rest}${pathAndQuery}`, { ...init, signal: abort.signal });
    const text = await response.text();
    const retryAfterMs = response.status === 403 && limits !== undefined ? limits.shutOut() : null;
    if (!response.ok) {
      throw new VenueError(
        classOfStatus(response.status, operation),
        `HTTP_${response.status}`,
        text.slice(0, 200),
        retryAfterMs,
      );
    }
    return { status: response.status, headers: response.headers, text, operation };
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const errorClass = operation === 'query' ? 'retry' : 'unknown';
    throw new VenueError(errorClass, abort.signal.aborted ? 'TIMEOUT' : 'LINK', messageOf(error));
  } finally {
    cancel();
  }
}

function readEnvelope(answer: RawAnswer, operation: BybitOperation): z.infer<typeof envelope> {
  const unreadable = (detail: string): VenueError =>
    new VenueError(operation === 'query' ? 'retry' : 'unknown', 'ANSWER_INVALID', detail);
  let json: unknown;
  try {
    json = JSON.parse(answer.text);
  } catch (error) {
    throw unreadable(messageOf(error));
  }
  const parsed = envelope.safeParse(json);
  if (!parsed.success) throw unreadable(`status=${answer.status}`);
  return parsed.data;
}

function limitHeaders(headers: Headers) {
  return {
    limit: headers.get('X-Bapi-Limit'),
    remaining: headers.get('X-Bapi-Limit-Status'),
    resetAt: headers.get('X-Bapi-Limit-Reset-Timestamp'),
  };
}
