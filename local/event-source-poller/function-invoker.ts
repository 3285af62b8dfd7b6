import { InvokeCommand, type LambdaClient, TooManyRequestsException } from '@aws-sdk/client-lambda';
import { messageOf } from '#core/errors.ts';
import type { InvocationOutcome } from './mapping-contract.ts';
import type { MappingCounters } from './poller-stats.ts';

/** What the service says of an invocation, for the record of a failure. */
export interface InvocationContext {
  readonly requestId: string;
  readonly statusCode: number;
  readonly executedVersion: string;
  readonly functionError: string | null;
}

export interface Invocation {
  readonly outcome: InvocationOutcome;
  /** Null when the function was not invoked. */
  readonly context: InvocationContext | null;
}

/** Invokes a function with an event and says how it ended; never rejects but for `signal`. */
export async function invokeFunction(
  lambda: LambdaClient,
  functionArn: string,
  event: unknown,
  counters: MappingCounters,
  signal: AbortSignal,
): Promise<Invocation> {
  counters.invocations += 1;
  try {
    const answer = await lambda.send(
      new InvokeCommand({
        FunctionName: functionArn,
        InvocationType: 'RequestResponse',
        Payload: JSON.stringify(event),
      }),
      { abortSignal: signal },
    );
    const text = answer.Payload?.transformToString() ?? '';
    const context: InvocationContext = {
      requestId: answer.$metadata.requestId ?? '',
      statusCode: answer.StatusCode ?? 200,
      executedVersion: answer.ExecutedVersion ?? '$LATEST',
      functionError: answer.FunctionError ?? null,
    };
    if (answer.FunctionError !== undefined) {
      counters.functionErrors += 1;
      counters.lastError = text.slice(0, 500);
      return { outcome: { kind: 'function-error' }, context };
    }
    return { outcome: { kind: 'returned', response: parse(text) }, context };
  } catch (thrown) {
    signal.throwIfAborted();
    counters.invocations -= 1;
    if (thrown instanceof TooManyRequestsException) counters.throttles += 1;
    else counters.invokeFaults += 1;
    counters.lastError = messageOf(thrown);
    return { outcome: { kind: 'not-invoked' }, context: null };
  }
}

/** A function that returns nothing answers `null` or an empty text: full success. What is not JSON cannot come from one. */
function parse(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
