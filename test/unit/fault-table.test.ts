import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MESSAGE_FAULTS } from '#simulation/world/message-faults.ts';
import { FAULT_TABLE } from '../../src/research/fault-table.ts';
import { STEP_FAULTS } from '../world/world-script.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const NUMBERED = [
  ...Array.from({ length: 30 }, (_, index) => `F${index + 1}`),
  ...Array.from({ length: 20 }, (_, index) => `G${index + 1}`),
];
/** Rows that are to be shown by a real engine process on a protocol server. */
const BY_ENGINE = [
  ...NUMBERED.slice(0, 14),
  ...['F17', 'F19', 'F20', 'F21', 'F23', 'F24', 'F25', 'F26'],
  ...['G1', 'G2', 'G3', 'G4', 'G10', 'G11', 'G12', 'G13'],
];

describe('docs/faults.md', () => {
  it('has every row of the list once, in order', () => {
    expect(FAULT_TABLE.map(({ id }) => id)).toEqual(NUMBERED);
  });

  it('shows each row somewhere, or says with what it will be', () => {
    for (const { id, proofs, due } of FAULT_TABLE) expect(proofs.length > 0 || due !== undefined, id).toBe(true);
  });

  it.each(FAULT_TABLE.flatMap(({ id, proofs }) => proofs.map((proof) => ({ id, ...proof }))))(
    '$id: $file has a test “$title”',
    ({ file, title }) => {
      expect(existsSync(path.join(ROOT, file)), file).toBe(true);
      expect(readFileSync(path.join(ROOT, file), 'utf8')).toContain(title);
    },
  );

  it('names as shown in worlds what worlds have a fault for', () => {
    const inWorlds = new Set<string>([...Object.values(STEP_FAULTS), ...Object.values(MESSAGE_FAULTS)]);
    for (const { id, proofs } of FAULT_TABLE)
      if (proofs.some(({ level }) => level === 'world')) expect([...inWorlds], id).toContain(id);
  });

  it.each(BY_ENGINE)('%s is shown by a real engine process on a protocol server', (id) => {
    const row = FAULT_TABLE.find((each) => each.id === id);
    expect(row?.proofs.some(({ level }) => level === 'engine')).toBe(true);
  });
});
