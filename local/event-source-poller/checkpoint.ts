/** How far a shard is done: everything up to and including `position` is resolved. It never passes a record that is not. */
export interface Checkpoint {
  /** Takes the next record of the shard; records come in the shard's order. */
  admit(sequenceNumber: string): void;
  /** Marks a record as done: handled, or handed to the on-failure destination. Unknown or repeated numbers throw. */
  resolve(sequenceNumber: string): void;
  /** The last sequence number of the part that is done without a hole; null before any. */
  position(): string | null;
  /** Records admitted and not resolved. */
  outstanding(): number;
}

/** A checkpoint that starts after `start` (null: at the beginning). */
export function checkpointFrom(start: string | null): Checkpoint {
  let position = start;
  // Insertion order is the shard's order.
  const records = new Map<string, boolean>();
  let outstanding = 0;
  return {
    admit(sequenceNumber) {
      if (records.has(sequenceNumber)) throw new RangeError(`admitted twice: ${sequenceNumber}`);
      records.set(sequenceNumber, false);
      outstanding += 1;
    },
    resolve(sequenceNumber) {
      if (records.get(sequenceNumber) !== false) throw new RangeError(`not outstanding: ${sequenceNumber}`);
      records.set(sequenceNumber, true);
      outstanding -= 1;
      for (const [first, done] of records) {
        if (!done) break;
        position = first;
        records.delete(first);
      }
    },
    position: () => position,
    outstanding: () => outstanding,
  };
}
