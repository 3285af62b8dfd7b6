/**
 * Where a row of the list of faults is shown:
 * `engine`: a real engine process on a venue's protocol server, with the deployed ledger; `server`: our client or a feed on a protocol server, in one process; `world`: the simulated
 * world; `mapping`: streams, mappings and functions; `infrastructure`: templates; `rule`: the one rule that decides it, by example or by property; `soak`: hours.
 */
export type FaultLevel = 'engine' | 'server' | 'world' | 'mapping' | 'infrastructure' | 'rule' | 'soak';

/** A test that shows it: its file, and what its title says, at least in part. */
export interface FaultProof {
  readonly level: FaultLevel;
  readonly file: string;
  readonly title: string;
}

/** A row of the list: what goes wrong, what must hold then, and where that is shown. */
export interface FaultRow {
  /** `F1` to `F30` are from reports about other systems, `G1` to `G20` from the system's own requirements. */
  readonly id: string;
  readonly given: string;
  readonly must: string;
  readonly proofs: readonly FaultProof[];
  /** What was measured on the way, if anything. */
  readonly measured?: string;
  /** What is not shown yet. */
  readonly due?: string;
}

const at =
  (level: FaultLevel) =>
  (file: string, title: string): FaultProof => ({ level, file, title });

/** Shown by a real engine process. */
export const engine = at('engine');
/** Shown on a protocol server, in one process. */
export const server = at('server');
/** Shown on streams, mappings and functions. */
export const mapping = at('mapping');
/** Shown of the rule that decides it. */
export const rule = at('rule');
/** Shown at length, against bounds. */
export const soak = at('soak');

/** Worlds mix the faults of all rows that they know, from a seed. */
export const WORLD: FaultProof = {
  level: 'world',
  file: 'test/world/world.test.ts',
  title: 'M4: the invariants hold after every step and at rest',
};

/** Test files that show many rows. */
export const SHOWN_IN = {
  running: 'test/campaign/faults-running.test.ts',
  restarts: 'test/campaign/faults-restarts.test.ts',
  symbolSwitch: 'test/campaign/faults-switch.test.ts',
  measured: 'test/campaign/faults-measured.test.ts',
  confirmation: 'test/unit/confirm-decision.test.ts',
  feeds: 'test/faults/silent-feeds.test.ts',
  accounts: 'test/faults/accounts.test.ts',
  engines: 'test/emulator/engines.test.ts',
  poller: 'test/emulator/poller.test.ts',
} as const;
