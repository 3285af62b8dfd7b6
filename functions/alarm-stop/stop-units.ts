import type { CommandInput } from '#aws/commands.ts';
import type { Log } from '#aws/log.ts';
import { readStopNotice, type StopNotice, type StopRules } from '#core/control/stop-request.ts';
import { parseUnitId, type UnitRef, unitId } from '#core/control/unit.ts';

export interface StopParts {
  readonly rules: StopRules;
  /** Units with lanes. */
  readonly units: () => Promise<readonly UnitRef[]>;
  /** Puts a command on the queue. */
  readonly send: (command: CommandInput) => Promise<void>;
  readonly log: Log;
}

/** Turns a notification into one command for each unit that it stops. Returns how many. Rejects when one could not be sent: the notification comes again, and each counts once by its id. */
export async function stopUnits(notice: StopNotice, parts: StopParts): Promise<number> {
  const reading = readStopNotice(notice, parts.rules);
  if (reading.kind === 'ignored') {
    parts.log('info', 'nothing is stopped', { messageId: notice.messageId, why: reading.why });
    return 0;
  }
  const { id, unit, wish, by, reason, issuedAt } = reading;
  if (unit !== null && parseUnitId(unit) === null) {
    parts.log('error', 'nothing is stopped', { messageId: notice.messageId, why: `no unit reads ${unit}` });
    return 0;
  }
  const units = unit === null ? [...new Set((await parts.units()).map(unitId))] : [unit];
  parts.log('warn', 'an alarm stops trading', { id, wish, by, reason, units });
  await Promise.all(
    units.map((each) =>
      parts.send({
        kind: 'desiredState',
        source: 'alarm',
        id: `${id}/${each}`,
        unit: each,
        wish,
        by,
        reason,
        issuedAt,
      }),
    ),
  );
  return units.length;
}
