import type { AccountRuntime } from '../venue.ts';

/** Whether the account's stream has been let in, as far as order entry needs it. */
export interface StreamGate {
  /** Null: orders may go; else why not. */
  closed: string | null;
}

const gates = new WeakMap<AccountRuntime, StreamGate>();

/**
 * What the account stream and the order entry of one runtime share. The venue takes one account stream for a key, so a stream that has been let in says that no
 * other engine trades with it: the first orders wait for that (F18). Once it was, a lost stream stops no exit; the engine takes no entries then.
 */
export function streamGateOf(runtime: AccountRuntime): StreamGate {
  const known = gates.get(runtime);
  if (known !== undefined) return known;
  const gate: StreamGate = { closed: null };
  gates.set(runtime, gate);
  return gate;
}
