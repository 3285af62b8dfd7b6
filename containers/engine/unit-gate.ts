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
function judgeGate(unit: UnitCircumstances): { readonly closed: string | null; readonly fence: string | null } {
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

/** What stands against the orders of a unit now; told whenever it changes. */
export class UnitGate {
  closed: string | null = 'not reconciled yet';
  fence: string | null = 'not reconciled yet';
  readonly #circumstances: () => Omit<UnitCircumstances, 'silent'>;
  readonly #onChange: (closed: string | null, fence: string | null) => void;
  /** Reasons by part. */
  readonly #silent = new Map<string, string>();

  constructor(
    circumstances: () => Omit<UnitCircumstances, 'silent'>,
    onChange: (closed: string | null, fence: string | null) => void,
  ) {
    this.#circumstances = circumstances;
    this.#onChange = onChange;
  }

  /** Something that it is judged by may have changed. */
  judge(): void {
    const silent = this.#silent.values().next().value ?? null;
    const { closed, fence } = judgeGate({ ...this.#circumstances(), silent });
    this.#set(closed, fence);
  }

  /** For good. */
  shut(reason: string): void {
    this.#set(reason, reason);
  }

  /** A part of the unit hangs; null: it does no more. */
  onSilent(part: string, reason: string | null): void {
    if (reason === null) this.#silent.delete(part);
    else this.#silent.set(part, reason);
    this.judge();
  }

  #set(closed: string | null, fence: string | null): void {
    if (closed === this.closed && fence === this.fence) return;
    this.closed = closed;
    this.fence = fence;
    this.#onChange(closed, fence);
  }
}
