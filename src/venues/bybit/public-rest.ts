import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { readAnswer } from '../connection/read-answer.ts';
import { waitForTurn } from '../connection/wait-for-turn.ts';
import type { VenueRuntime } from '../venue.ts';
import { addressBudget } from './address-budget.ts';
import { type BybitOperation, classOfCode, classOfStatus } from './errors.ts';

/** Answers past this are lost as far as we are concerned. */
const ANSWER_TIMEOUT_MS = 5_000;
/** HTTP 403: the address asks too often, and is to ask nothing more for so long. */
const SHUT_OUT_MS = 600_000;

const envelope = z.object({
  retCode: z.number(),
  retMsg: z.string(),
  result: z.unknown().optional(),
  time: z.number().optional(),
});
const timeResult = z.object({ timeNano: z.string().regex(/^\d{16,19}$/) });

/** The venue's time by public REST, for all who keep a clock. Rejects with a `VenueError` of class `retry`. */
export async function fetchServerTime(runtime: VenueRuntime): Promise<EpochMs> {
  const result = readAnswer(timeResult, await fetchPublic(runtime, '/v5/market/time'), '/v5/market/time');
  return (Number(BigInt(result.timeNano) / 1_000n) / 1_000) as EpochMs;
}

/** The result of a question that needs no keys. Rejects with a `VenueError`. */
export async function fetchPublic(runtime: VenueRuntime, pathAndQuery: string, timeoutMs?: number): Promise<unknown> {
  await waitForTurn(runtime.timers, pathAndQuery, () => addressBudget(runtime).take('normal'));
  const answer = readEnvelope(await exchange(runtime, 'query', pathAndQuery, { method: 'GET' }, timeoutMs), 'query');
  if (answer.retCode !== 0) {
    throw new VenueError(classOfCode(answer.retCode, 'query'), String(answer.retCode), answer.retMsg);
  }
  return answer.result;
}

/** An answer before it is read. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly operation: BybitOperation;
}

/** Sends one request and reads its answer whole, within the time limit. Rejects with a `VenueError`. */
export async function exchange(
  runtime: VenueRuntime,
  operation: BybitOperation,
  pathAndQuery: string,
  init: RequestInit,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<RawAnswer> {
  const abort = new AbortController();
  const cancel = runtime.timers.after(timeoutMs, () => abort.abort());
  try {
    const response = await runtime.fetch(`${runtime.endpoints.rest}${pathAndQuery}`, { ...init, signal: abort.signal });
    const text = await response.text();
    if (response.status === 403) addressBudget(runtime).block(SHUT_OUT_MS);
    if (!response.ok) {
      throw new VenueError(
        classOfStatus(response.status, operation),
        `HTTP_${response.status}`,
        text.slice(0, 200),
        response.status === 403 ? SHUT_OUT_MS : null,
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

/** Reads what every answer has. Throws a `VenueError`: for an order the outcome is unknown, a question is asked again. */
export function readEnvelope(answer: RawAnswer, operation: BybitOperation): z.infer<typeof envelope> {
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
