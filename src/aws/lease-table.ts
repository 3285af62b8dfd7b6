import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { desiredStateOf } from '#core/control/desired-command.ts';
import type { DesiredState } from '#core/control/desired-state.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { controlKey, type LeaseRequest, type LeaseRow, readControlItem } from './control-item.ts';

/** One acquisition: its own grant and the epoch that it takes. */
export interface LeaseGrant {
  readonly name: string;
  readonly grant: string;
  readonly epoch: number;
}

export type LeaseWriteAnswer =
  | { readonly kind: 'done'; readonly desired: DesiredState; readonly request: LeaseRequest | null }
  | { readonly kind: 'refused'; readonly row: LeaseRow | null };

/** Conditional writes of leases. Every method may reject without having said whether it took effect. */
export interface LeaseTable {
  read(name: string): Promise<LeaseRow | null>;
  /** Takes the lease if it is as `seen` (null: there was none): same epoch and same renewal number. */
  acquire(
    grant: LeaseGrant & { readonly holder: string; readonly leaseMs: number; readonly validUntil: EpochMs },
    seen: LeaseRow | null,
  ): Promise<LeaseWriteAnswer>;
  /** Extends it while the grant still holds. */
  renew(grant: LeaseGrant & { readonly validUntil: EpochMs }): Promise<LeaseWriteAnswer>;
  /** Gives it up while the grant still holds, for one engine or for whoever takes it; the epoch stays on record. `unsettledMs`: for how long what was signed under it may still be carried out. */
  release(
    grant: LeaseGrant & { readonly unsettledMs: number; readonly reservedFor: string | null },
  ): Promise<LeaseWriteAnswer>;
  /** Asks the holder of `seen` for its lease. Its renewal number stays: what others write says nothing of its life. */
  request(name: string, seen: LeaseRow, request: LeaseRequest): Promise<LeaseWriteAnswer>;
}

/** Leases in the control table. */
export function createLeaseTable(client: DynamoDBDocumentClient, table: string): LeaseTable {
  async function write(
    name: string,
    ownGrant: string,
    expressions: {
      readonly update: string;
      readonly condition: string;
      readonly values: Readonly<Record<string, unknown>>;
      readonly names: Readonly<Record<string, string>>;
    },
  ): Promise<LeaseWriteAnswer> {
    try {
      const answer = await client.send(
        new UpdateCommand({
          TableName: table,
          Key: controlKey(name),
          UpdateExpression: expressions.update,
          ConditionExpression: expressions.condition,
          ExpressionAttributeNames: { ...expressions.names },
          ExpressionAttributeValues: { ...expressions.values },
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      const { lease, desired } = readControlItem(name, answer.Attributes);
      return { kind: 'done', desired: desiredStateOf(desired), request: lease?.request ?? null };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const { lease, desired } = readControlItem(name, error.Item === undefined ? undefined : unmarshall(error.Item));
      // The client's own retry after a lost answer: the first attempt took effect, and nobody has written since.
      if (lease !== null && lease.grant === ownGrant && expressions.update === ACQUIRE) {
        return { kind: 'done', desired: desiredStateOf(desired), request: lease.request ?? null };
      }
      return { kind: 'refused', row: lease };
    }
  }

  return {
    async read(name) {
      const answer = await client.send(
        new GetCommand({ TableName: table, Key: controlKey(name), ConsistentRead: true }),
      );
      return readControlItem(name, answer.Item).lease;
    },
    acquire: ({ name, ...grant }, seen) =>
      write(name, grant.grant, {
        update: ACQUIRE,
        condition: seen === null ? 'attribute_not_exists(#epoch)' : '#epoch = :seenEpoch AND #rvn = :seenRvn',
        names: {
          '#holder': 'holder',
          '#grant': 'grant',
          '#epoch': 'epoch',
          '#rvn': 'rvn',
          '#leaseMs': 'leaseMs',
          '#validUntil': 'validUntil',
          '#released': 'released',
          '#unsettledMs': 'unsettledMs',
          '#request': 'request',
          '#reservedFor': 'reservedFor',
        },
        values: {
          ':nobody': null,
          ':holder': grant.holder,
          ':grant': grant.grant,
          ':epoch': grant.epoch,
          ':leaseMs': grant.leaseMs,
          ':validUntil': grant.validUntil,
          ':released': false,
          ':zero': 0,
          ':one': 1,
          ...(seen === null ? {} : { ':seenEpoch': seen.epoch, ':seenRvn': seen.rvn }),
        },
      }),
    renew: (grant) =>
      write(grant.name, grant.grant, {
        update: 'SET #validUntil = :validUntil, #rvn = #rvn + :one',
        condition: HELD,
        names: { ...HELD_NAMES, '#validUntil': 'validUntil' },
        values: {
          ':validUntil': grant.validUntil,
          ':grant': grant.grant,
          ':epoch': grant.epoch,
          ':held': false,
          ':one': 1,
        },
      }),
    release: (grant) =>
      write(grant.name, grant.grant, {
        update:
          'SET #unsettledMs = :unsettledMs, #rvn = #rvn + :one, #released = :released, #request = :nobody, #reservedFor = :reservedFor',
        condition: HELD,
        names: { ...HELD_NAMES, '#unsettledMs': 'unsettledMs', '#request': 'request', '#reservedFor': 'reservedFor' },
        values: {
          ':nobody': null,
          ':reservedFor': grant.reservedFor,
          ':unsettledMs': grant.unsettledMs,
          ':grant': grant.grant,
          ':epoch': grant.epoch,
          ':held': false,
          ':released': true,
          ':one': 1,
        },
      }),
    request: (name, seen, request) =>
      write(name, seen.grant, {
        update: 'SET #request = :request',
        condition: HELD,
        names: { '#grant': 'grant', '#epoch': 'epoch', '#released': 'released', '#request': 'request' },
        values: { ':request': request, ':grant': seen.grant, ':epoch': seen.epoch, ':held': false },
      }),
  };
}

const ACQUIRE =
  'SET #holder = :holder, #grant = :grant, #epoch = :epoch, #leaseMs = :leaseMs, #validUntil = :validUntil, ' +
  '#released = :released, #unsettledMs = :nobody, #request = :nobody, #reservedFor = :nobody, #rvn = if_not_exists(#rvn, :zero) + :one';
const HELD = '#grant = :grant AND #epoch = :epoch AND #released = :held';
const HELD_NAMES = {
  '#grant': 'grant',
  '#epoch': 'epoch',
  '#released': 'released',
  '#rvn': 'rvn',
};
