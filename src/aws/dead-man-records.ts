import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { DeadManRecord } from '#core/control/dead-man.ts';
import type { UnitId } from '#core/control/unit.ts';
import { MillraceError } from '#core/errors.ts';
import { controlKey } from './control-item.ts';

/** Why a unit's switch is off for a while. */
export interface Disarming {
  /** Ms since 1970. */
  readonly until: number;
  readonly by: string;
  readonly reason: string;
}

/** What the dead-man switch remembers of units, in the control table beside their leases. */
export interface DeadManRecords {
  read(unit: UnitId): Promise<DeadManRecord>;
  /** A standstill was dealt with. */
  done(unit: UnitId, standstill: string, at: number): Promise<void>;
  disarm(unit: UnitId, disarming: Disarming): Promise<void>;
}

const stored = z.object({ doneFor: z.string().nullish(), disarmedUntil: z.number().nullish() });

/** Rejects with `DEAD_MAN_RECORD_INVALID` (fatal) for an item that cannot be read. */
export function createDeadManRecords(client: DynamoDBDocumentClient, table: string): DeadManRecords {
  const keyOf = (unit: UnitId) => ({ pk: controlKey(unit).pk, sk: 'DEADMAN' });
  const set = (unit: UnitId, values: Readonly<Record<string, string | number>>) =>
    client.send(
      new UpdateCommand({
        TableName: table,
        Key: keyOf(unit),
        UpdateExpression: `SET ${Object.keys(values)
          .map((name) => `#${name} = :${name}`)
          .join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(Object.keys(values).map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries(values).map(([name, value]) => [`:${name}`, value]),
        ),
      }),
    );
  return {
    async read(unit) {
      const { Item } = await client.send(new GetCommand({ TableName: table, Key: keyOf(unit), ConsistentRead: true }));
      const parsed = stored.safeParse(Item ?? {});
      if (!parsed.success)
        throw new MillraceError('fatal', 'DEAD_MAN_RECORD_INVALID', `unit=${unit} ${z.prettifyError(parsed.error)}`);
      return { doneFor: parsed.data.doneFor ?? null, disarmedUntil: parsed.data.disarmedUntil ?? 0 };
    },
    async done(unit, standstill, at) {
      await set(unit, { doneFor: standstill, doneAt: at });
    },
    async disarm(unit, { until, by, reason }) {
      await set(unit, { disarmedUntil: until, disarmedBy: by, disarmedFor: reason });
    },
  };
}
