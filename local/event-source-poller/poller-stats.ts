/** What a mapping has done so far. */
export interface MappingCounters {
  /** Records read from the source (a queue's message counts each time it is received). */
  read: number;
  succeeded: number;
  /** Given up and delivered to the on-failure destination. */
  discarded: number;
  /** Given up where the mapping has no destination, or its delivery failed for good. */
  lost: number;
  invocations: number;
  functionErrors: number;
  /** Answers that named failed items. */
  partialFailures: number;
  throttles: number;
  /** Attempts to invoke that failed before the function ran, but for throttling. */
  invokeFaults: number;
  /** Failed reads of the source; each is tried again. */
  readFaults: number;
  /** The last thing that went wrong; null if nothing has. */
  lastError: string | null;
}

/** What a mapping has done and how far behind it is. */
export interface MappingStats extends Readonly<MappingCounters> {
  readonly functionName: string;
  readonly sourceName: string;
  readonly kind: 'kinesis' | 'sqs';
  /** Records read and not yet done, and for queues those that wait. */
  readonly recordsBehind: number;
  /** Age of the oldest record that is not done; 0 when caught up, ms. */
  readonly msBehind: number;
}

/** Counters at zero. */
export function mappingCounters(): MappingCounters {
  return {
    read: 0,
    succeeded: 0,
    discarded: 0,
    lost: 0,
    invocations: 0,
    functionErrors: 0,
    partialFailures: 0,
    throttles: 0,
    invokeFaults: 0,
    readFaults: 0,
    lastError: null,
  };
}
