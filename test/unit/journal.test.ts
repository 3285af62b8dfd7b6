import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Journal, type JournalEntry } from '#aws/publisher/journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'millrace-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function entry(text: string): JournalEntry {
  return { key: 'paper/main/binance-usdm', payload: Buffer.from(text) };
}

function entries(from: number, to: number): JournalEntry[] {
  return Array.from({ length: to - from + 1 }, (_, index) => entry(`event ${from + index}`));
}

function textsOf(read: readonly JournalEntry[]): string[] {
  return read.map((each) => Buffer.from(each.payload).toString());
}

/** The only file of the folder. */
function onlyFile(): string {
  const [name, ...others] = readdirSync(folder);
  if (name === undefined || others.length > 0) throw new Error(`files: ${name} ${others.join(' ')}`);
  return path.join(folder, name);
}

describe('journal', () => {
  test('R9: gives back what was appended, in order, across segments, with its key', () => {
    const journal = new Journal({ folder, segmentBytes: 300 });
    for (let first = 1; first <= 40; first += 4) journal.append(entries(first, first + 3), false);
    expect(readdirSync(folder).length).toBeGreaterThan(3);
    const read = [...journal.read(7), ...journal.read(100)];
    expect(textsOf(read)).toEqual(textsOf(entries(1, 40)));
    expect(read[0]?.key).toBe('paper/main/binance-usdm');
    expect(journal.isRead).toBe(true);
  });

  test('R9: a restart gives back everything that was not acknowledged; files go when all in them was', () => {
    const first = new Journal({ folder, segmentBytes: 200 });
    for (let number = 1; number <= 20; number += 1) first.append(entries(number, number), false);
    const read = first.read(20);
    const files = readdirSync(folder).length;
    for (const { reference } of read.slice(0, 10)) first.acknowledge(reference);
    expect(readdirSync(folder).length).toBeLessThan(files);
    first.close();

    const second = new Journal({ folder, segmentBytes: 200 });
    const again = second.read(100);
    // Acknowledged ones of a file that still holds others may come again, others never go missing.
    expect(textsOf(again).slice(-10)).toEqual(textsOf(entries(11, 20)));
    for (const { reference } of again) second.acknowledge(reference);
    expect(readdirSync(folder)).toEqual([]);
    expect(second.outstanding).toBe(0);
  });

  test('R9: entries whose owner holds them are not read twice, but are there after a restart', () => {
    const first = new Journal({ folder });
    first.append(entries(1, 3), true);
    expect(first.read(10)).toEqual([]);
    first.append(entries(4, 5), false);
    expect(textsOf(first.read(10))).toEqual(['event 4', 'event 5']);
    first.close();
    expect(textsOf(new Journal({ folder }).read(10))).toEqual(textsOf(entries(1, 5)));
  });

  test('R9: full is said, and nothing of what did not fit is written', () => {
    const journal = new Journal({ folder, maxBytes: 200 });
    expect(journal.append(entries(1, 2), false)).not.toBeNull();
    const size = journal.bytes;
    expect(journal.append(entries(3, 20), false)).toBeNull();
    expect(journal.bytes).toBe(size);
    const read = journal.read(10);
    expect(textsOf(read)).toEqual(['event 1', 'event 2']);
    for (const { reference } of read) journal.acknowledge(reference);
    expect(journal.append(entries(3, 4), false)).not.toBeNull();
  });

  test('R9: a write that a crash cut short costs that entry alone, is counted, and its file is kept', () => {
    const first = new Journal({ folder });
    first.append(entries(1, 3), false);
    first.close();
    const file = onlyFile();
    truncateSync(file, readFileSync(file).length - 3);
    const second = new Journal({ folder });
    expect(second.damagedBytes).toBeGreaterThan(0);
    const read = second.read(10);
    expect(textsOf(read)).toEqual(['event 1', 'event 2']);
    second.append(entries(4, 4), false);
    expect(textsOf(second.read(10))).toEqual(['event 4']);
    for (const { reference } of read) second.acknowledge(reference);
    expect(readdirSync(folder).filter((name) => name.endsWith('.damaged'))).toHaveLength(1);
  });

  test('R9: a changed byte or a foreign file never comes back as an event', () => {
    const first = new Journal({ folder });
    first.append(entries(1, 3), false);
    first.close();
    const file = onlyFile();
    const content = readFileSync(file);
    content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
    writeFileSync(file, content);
    writeFileSync(path.join(folder, '000000000099.journal'), 'not ours at all');
    writeFileSync(path.join(folder, 'notes.txt'), 'left alone');
    const second = new Journal({ folder });
    expect(textsOf(second.read(10))).toEqual(['event 1', 'event 2']);
    expect(readdirSync(folder)).toContain('000000000099.journal.damaged');
    expect(readdirSync(folder)).toContain('notes.txt');
  });

  test('a folder that cannot be used is said at once', () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    expect(() => new Journal({ folder: path.join(file, 'below') })).toThrow('JOURNAL_UNUSABLE');
  });
});
