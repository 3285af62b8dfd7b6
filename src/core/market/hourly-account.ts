/** What one connection had received, published and shed in all when an hour ended. Its frames are numbered 1, 2, 3 …, so `received` is the last number. */
export interface AccountCut {
  readonly received: number;
  readonly published: number;
  readonly shed: number;
  /** Every frame up to this number is said to be settled; absent: not known now. */
  readonly settledThrough?: number;
}

/** The account of one connection and hour (M8). */
export interface HourlyAccount {
  readonly received: number;
  readonly published: number;
  readonly shed: number;
  /** Sequence numbers of the frames received in the hour. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Received and not settled at the end of the hour. */
  readonly pending: number;
  /**
   * Above zero: so many frames are neither published nor shed although frames after them are settled, or an hour has gone by: they are lost. Below: more was settled than
   * received.
   */
  readonly difference: number;
}

export function cutOf({ received, published, shed, settledThrough }: AccountCut): AccountCut {
  return { received, published, shed, ...(settledThrough === undefined ? {} : { settledThrough }) };
}

/** The hour between two cuts; `before` null: the connection began in it. Frames settle in any order, but none takes an hour: buffers are bounded to seconds. */
export function hourOf(before: AccountCut | null, after: AccountCut): HourlyAccount {
  const start = before ?? { received: 0, published: 0, shed: 0 };
  const settled = after.published + after.shed;
  const pending = after.received - settled;
  const excess = Math.max(0, -pending);
  // Of an earlier hour; by the counts alone where the publisher names no number.
  const overdue = start.received - (after.settledThrough ?? settled);
  // More is open than numbers are left above the mark.
  const passedOver = after.settledThrough === undefined ? 0 : pending - (after.received - after.settledThrough);
  const missing = Math.max(0, Math.min(pending, Math.max(overdue, passedOver)));
  return {
    firstSequence: start.received + 1,
    lastSequence: after.received,
    received: after.received - start.received,
    published: after.published - start.published,
    shed: after.shed - start.shed,
    pending,
    difference: missing - excess,
  };
}
