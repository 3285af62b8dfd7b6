import type { DesiredStates } from '#aws/desired-state.ts';
import type { LeaseTable } from '#aws/lease-table.ts';
import { DESIRED_COMMAND, type DesiredCommand } from '#core/control/desired-command.ts';
import type { UnitId } from '#core/control/unit.ts';
import { messageOf } from '#core/errors.ts';

export interface WishParts {
  readonly desired: Pick<DesiredStates, 'apply'>;
  readonly leases: Pick<LeaseTable, 'read'>;
  /** Puts the command on the queue. */
  readonly send: (command: DesiredCommand) => Promise<void>;
  readonly sleep: (ms: number) => Promise<void>;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
}

export interface Wish {
  readonly wish: 'stop' | 'flatten' | 'run';
  readonly reason: string;
  readonly by: string;
  /** Identity of this wish; with the unit it is the command's. */
  readonly id: string;
}

/**
 * What came of the wish for one unit. `told`: its engine has renewed its lease since, and so has the wish. `written`: it persists, and nobody holds the unit. `silent`: it persists, and its
 * engine has not renewed: it hangs or is gone. `queued`: it could not be written here, and lies on the queue. `failed`: neither.
 */
export interface WishOutcome {
  readonly unit: UnitId;
  readonly kind: 'told' | 'written' | 'silent' | 'queued' | 'failed';
  readonly text: string;
}

/** Longer than a renewal takes, with some that fail. */
const TOLD_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 100;

/**
 * Writes a wish for units where engines read it with each renewal of their lease, puts it on the command queue as well (it has one id, so it counts once), and waits until each engine has it.
 * Never rejects.
 */
export function wishUnits(parts: WishParts, units: readonly UnitId[], wish: Wish): Promise<readonly WishOutcome[]> {
  return Promise.all(units.map((unit) => wishUnit(parts, unit, wish)));
}

async function wishUnit(parts: WishParts, unit: UnitId, { id, ...wish }: Wish): Promise<WishOutcome> {
  const issuedAt = parts.nowMs();
  const command = DESIRED_COMMAND.parse({ ...wish, id: `${id}/${unit}`, unit, issuedAt });
  const [written, queued] = await Promise.allSettled([parts.desired.apply(command, issuedAt), parts.send(command)]);
  if (written.status === 'rejected') {
    const reason = messageOf(written.reason);
    if (queued.status === 'fulfilled') return { unit, kind: 'queued', text: `could not be written here (${reason})` };
    return { unit, kind: 'failed', text: `${reason}; the queue: ${messageOf(queued.reason)}` };
  }
  if (written.value === 'superseded') return { unit, kind: 'failed', text: 'a later wish is in force' };
  try {
    return await untilTold(parts, unit);
  } catch (error) {
    return { unit, kind: 'silent', text: `its lease could not be read: ${messageOf(error)}` };
  }
}

async function untilTold(parts: WishParts, unit: UnitId): Promise<WishOutcome> {
  const first = await parts.leases.read(unit);
  if (first === null || first.released) return { unit, kind: 'written', text: 'no engine holds it' };
  for (let waited = 0; waited < TOLD_WITHIN_MS; waited += LOOK_EVERY_MS) {
    await parts.sleep(LOOK_EVERY_MS);
    const now = await parts.leases.read(unit);
    if (now?.released === true) return { unit, kind: 'written', text: 'its engine gave it up' };
    if (now !== null && (now.rvn !== first.rvn || now.epoch !== first.epoch))
      return { unit, kind: 'told', text: `engine ${now.holder} has it` };
  }
  return {
    unit,
    kind: 'silent',
    text: `engine ${first.holder} has not renewed its lease for ${TOLD_WITHIN_MS / 1_000} s: docs/runbook.md, "Emergency stop"`,
  };
}
