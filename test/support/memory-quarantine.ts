import type { Quarantine, QuarantinedRecord } from '#aws/quarantine.ts';

export interface MemoryQuarantine extends Quarantine {
  readonly records: QuarantinedRecord[];
  /** Makes the next ones fail. */
  fails: boolean;
}

export function createMemoryQuarantine(): MemoryQuarantine {
  const quarantine: MemoryQuarantine = {
    records: [],
    fails: false,
    async put(record) {
      if (quarantine.fails) throw new Error('the bucket is out of reach');
      quarantine.records.push(record);
    },
  };
  return quarantine;
}
