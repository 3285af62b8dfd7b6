import { z } from 'zod';
import { DESIRED_RECORD, type DesiredRecord } from '#core/control/desired-command.ts';
import { MillraceError } from '#core/errors.ts';

/** Key of the one item that holds a unit's (or feed's) lease and desired state, so that a renewal brings the desired state in the same answer. */
export function controlKey(name: string): { readonly pk: string; readonly sk: string } {
  return { pk: `CONTROL#${name}`, sk: 'CONTROL' };
}

const leaseRequest = z.object({
  /** Engine that asks for the lease. */
  by: z.string(),
  /** How many leases it held when it asked. */
  holds: z.number().int().nonnegative(),
  /** One for each time it asks. */
  id: z.string(),
});

/** What an engine with less than its share has written beside another's lease. */
export type LeaseRequest = z.infer<typeof leaseRequest>;

const leaseRow = z.object({
  holder: z.string(),
  grant: z.string(),
  epoch: z.number().int(),
  rvn: z.number().int(),
  leaseMs: z.number().positive(),
  /** By its holder's wall clock, for people: nothing is decided by it. */
  validUntil: z.number(),
  released: z.boolean(),
  /** Of a released lease: for how long after that what its holder signed may still be carried out, ms. Null or absent: nobody said. */
  unsettledMs: z.number().nonnegative().nullish(),
  /** Null or absent: nobody asks for it. */
  request: leaseRequest.nullish(),
  /** Engine that a released lease was given up for; it is left to that engine for a while. */
  reservedFor: z.string().nullish(),
});

/**
 * The lease as stored. `grant`: one acquisition by one process, never repeated. `rvn`: grows with every write, by the table's own arithmetic,
 * so that no delayed write can bring an old number back.
 */
export type LeaseRow = z.infer<typeof leaseRow>;

/** Reads an item of the control table; parts that are not there yet are null. Throws `CONTROL_ITEM_INVALID`. */
export function readControlItem(
  name: string,
  item: Readonly<Record<string, unknown>> | undefined,
): { readonly lease: LeaseRow | null; readonly desired: DesiredRecord | null } {
  const part = <Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> => {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new MillraceError('fatal', 'CONTROL_ITEM_INVALID', `name=${name} ${z.prettifyError(parsed.error)}`);
  };
  return {
    lease: item?.epoch === undefined ? null : part(leaseRow, item),
    desired: item?.desired === undefined ? null : part(DESIRED_RECORD, item.desired),
  };
}
