import type { ConnectionStatus } from '#core/orders/venue-ports.ts';

/** What a unit may do is judged by. Null where nothing stands against it. */
export interface UnitCircumstances {
  readonly stopped: boolean;
  readonly leaseEnded: boolean;
  readonly recovered: boolean;
  readonly drained: boolean;
  readonly draining: boolean;
  readonly accountStream: ConnectionStatus['state'];
  readonly reconciled: boolean;
  /** Why order entry is not ready. */
  readonly orderEntry: string | null;
  readonly desiredStale: boolean;
  /** Why the trading stream takes no events. */
  readonly publisher: string | null;
  /** Which part of it hangs, and for how long (H13). */
  readonly silent: string | null;
}

/** Why nothing (`closed`), or no entry (`fence`), may leave a unit; null: it may. */
export function judgeGate(unit: UnitCircumstances): { readonly closed: string | null; readonly fence: string | null } {
  return { closed: closedBy(unit), fence: fencedBy(unit) };
}

function closedBy(unit: UnitCircumstances): string | null {
  if (unit.stopped) return 'stopped';
  if (unit.leaseEnded) return 'the lease has ended';
  if (!unit.recovered) return 'not recovered yet';
  return unit.drained ? 'drained' : null;
}

function fencedBy(unit: UnitCircumstances): string | null {
  if (unit.draining) return 'draining';
  if (unit.silent !== null) return `a part is silent: ${unit.silent}`;
  if (unit.accountStream !== 'live') return `account stream ${unit.accountStream}`;
  if (!unit.reconciled) return 'not reconciled yet';
  if (unit.orderEntry !== null) return `order entry: ${unit.orderEntry}`;
  return unit.desiredStale ? 'the desired state is older than one renewal' : unit.publisher;
}
