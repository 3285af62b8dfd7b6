import { z } from 'zod';
import { MillraceError, messageOf } from '#core/errors.ts';
import { VenueError } from '#core/orders/venue-error.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { VenueRuntime } from '../venue.ts';
import { DERIBIT_PATHS } from './endpoints.ts';
import { classOfCode, classOfStatus, type DeribitOperation } from './errors.ts';
import { parseNumbersAsText } from './json-numbers.ts';
import { errorText, rpcMessage } from './json-rpc.ts';

/** Answers past this are lost as far as we are concerned. */
const ANSWER_TIMEOUT_MS = 5_000;

export type QueryParameters = Readonly<Record<string, string | number | boolean | undefined>>;

/** Path and query of a call as it is sent, and signed: `/api/v2/public/get_time?…`. */
export function uriOf(method: string, parameters: QueryParameters): string {
  const query = Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&');
  return `${DERIBIT_PATHS.rest}/${method}${query === '' ? '' : `?${query}`}`;
}

/** A public call by REST: its result, with numbers as text. Rejects with a `VenueError`. */
export function publicQuery(runtime: VenueRuntime, method: string, parameters: QueryParameters): Promise<unknown> {
  return exchange(runtime, 'query', uriOf(method, parameters), {});
}

/** The venue's time by public REST, for all who keep a clock. Rejects with a `VenueError` of class `retry`. */
export async function fetchServerTime(runtime: VenueRuntime): Promise<EpochMs> {
  const time = z
    .string()
    .regex(/^\d{13}$/)
    .safeParse(await publicQuery(runtime, 'public/get_time', {}));
  if (time.success) return Number(time.data) as EpochMs;
  throw new VenueError('retry', 'ANSWER_INVALID', 'get_time has no time');
}

/**
 * Sends one GET and reads its answer whole, within the time limit. Rejects with a `VenueError`; for `operation` see its classes. `onVenueTime` is told when the venue
 * wrote its answer, a refusal as well.
 */
export async function exchange(
  runtime: VenueRuntime,
  operation: DeribitOperation,
  uri: string,
  headers: Readonly<Record<string, string>>,
  onVenueTime: (time: EpochMs) => void = () => undefined,
): Promise<unknown> {
  const abort = new AbortController();
  const cancel = runtime.timers.after(ANSWER_TIMEOUT_MS, () => abort.abort());
  try {
    const response = await runtime.fetch(`${runtime.endpoints.rest}${uri}`, {
      headers: { ...headers },
      signal: abort.signal,
    });
    return readAnswer(await response.text(), response.status, operation, onVenueTime);
  } catch (error) {
    if (error instanceof VenueError) throw error;
    if (error instanceof MillraceError && error.class === 'configuration') throw error;
    const errorClass = operation === 'query' ? 'retry' : 'unknown';
    throw new VenueError(errorClass, abort.signal.aborted ? 'TIMEOUT' : 'LINK', messageOf(error));
  } finally {
    cancel();
  }
}

/** The result of an answer. The body decides, where it can be read: refusals come with a status of 400 as well. */
function readAnswer(
  body: string,
  status: number,
  operation: DeribitOperation,
  onVenueTime: (time: EpochMs) => void,
): unknown {
  let message: z.infer<typeof rpcMessage> | null = null;
  try {
    message = rpcMessage.parse(parseNumbersAsText(body));
  } catch (error) {
    if (!(error instanceof MillraceError) && !(error instanceof z.ZodError)) throw error;
    if (status < 400) {
      throw new VenueError(
        operation === 'query' ? 'retry' : 'unknown',
        'ANSWER_INVALID',
        messageOf(error).slice(0, 200),
      );
    }
  }
  if (message?.usOut !== undefined) onVenueTime((Number(message.usOut) / 1_000) as EpochMs);
  if (message?.error !== undefined) {
    const { code, message: text } = message.error;
    throw new VenueError(classOfCode(Number(code), text, operation), code, errorText(message.error));
  }
  if (status >= 400 || message === null || message.result === undefined) {
    throw new VenueError(classOfStatus(status, operation), `HTTP_${status}`, body.slice(0, 200));
  }
  return message.result;
}
