import type { LeaseRow } from '#aws/control-item.ts';
import type { LeaseTable, LeaseWriteAnswer } from '#aws/lease-table.ts';
import { DEFAULT_DESIRED_STATE, type DesiredState } from '#core/control/desired-state.ts';

export interface MemoryLeaseTable extends LeaseTable {
  readonly rows: Map<string, LeaseRow>;
  desired: DesiredState;
}

/** The conditional writes of leases over a map: a second statement of their rules, held against the adapter by a test. */
export function createMemoryLeaseTable(): MemoryLeaseTable {
  const rows = new Map<string, LeaseRow>();
  const done = (name: string): LeaseWriteAnswer => ({
    kind: 'done',
    desired: memory.desired,
    request: rows.get(name)?.request ?? null,
  });

  async function whileHeld(
    { name, grant, epoch }: { name: string; grant: string; epoch: number },
    change: Partial<LeaseRow>,
    renewals = 1,
  ): Promise<LeaseWriteAnswer> {
    const row = rows.get(name);
    if (row === undefined || row.released || row.grant !== grant || row.epoch !== epoch) {
      return { kind: 'refused', row: row ?? null };
    }
    rows.set(name, { ...row, ...change, rvn: row.rvn + renewals });
    return done(name);
  }

  const memory: MemoryLeaseTable = {
    rows,
    desired: DEFAULT_DESIRED_STATE,
    read: async (name) => rows.get(name) ?? null,
    async acquire({ name, ...grant }, seen) {
      const row = rows.get(name);
      const asSeen = row === undefined ? seen === null : row.epoch === seen?.epoch && row.rvn === seen.rvn;
      if (!asSeen) return row?.grant === grant.grant ? done(name) : { kind: 'refused', row: row ?? null };
      const fresh = { rvn: (row?.rvn ?? 0) + 1, released: false, unsettledMs: null, request: null, reservedFor: null };
      rows.set(name, { ...grant, ...fresh });
      return done(name);
    },
    renew: (grant) => whileHeld(grant, { validUntil: grant.validUntil }),
    release: (grant) =>
      whileHeld(grant, {
        unsettledMs: grant.unsettledMs,
        released: true,
        request: null,
        reservedFor: grant.reservedFor,
      }),
    request: (name, seen, request) => whileHeld({ name, grant: seen.grant, epoch: seen.epoch }, { request }, 0),
  };
  return memory;
}
