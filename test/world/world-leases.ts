import type { LeaseTable } from '#aws/lease-table.ts';
import { MillraceError } from '#core/errors.ts';
import type { Dice } from '#simulation/world/dice.ts';
import type { VirtualTime } from '#simulation/world/virtual-time.ts';
import type { WorldProcess } from '#simulation/world/world-process.ts';

/** The lease table as one process reaches it: over a network, and not while `outage` says so. What the table wrote before an answer was lost stays written. */
export function leaseTableFor(
  table: LeaseTable,
  process: WorldProcess,
  time: VirtualTime,
  dice: Dice,
  outage: () => boolean,
): LeaseTable {
  function call<Answer>(run: () => Promise<Answer>): Promise<Answer> {
    const deliver = process.answerTo();
    return new Promise((resolve, reject) => {
      const lostOnTheWay = outage() && dice.chance(0.7);
      if (lostOnTheWay) {
        if (dice.chance(0.5)) deliver(20, () => reject(new MillraceError('retryable', 'TABLE_AWAY', 'outage')));
        return;
      }
      const lostOnTheWayBack = outage();
      time.after(dice.between(2, 30), () => {
        void run().then((answer) => {
          if (!lostOnTheWayBack) deliver(dice.between(2, 30), () => resolve(answer));
        });
      });
    });
  }

  return {
    read: (name) => call(() => table.read(name)),
    acquire: (grant, seen) => call(() => table.acquire(grant, seen)),
    renew: (grant) => call(() => table.renew(grant)),
    release: (grant) => call(() => table.release(grant)),
    request: (name, seen, request) => call(() => table.request(name, seen, request)),
  };
}
