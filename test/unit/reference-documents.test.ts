import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REFERENCE_DOCUMENTS } from '../../src/research/reference-documents.ts';

describe('generated documents', () => {
  it.each(Object.keys(REFERENCE_DOCUMENTS))('docs/%s is what the code says', (file) => {
    const written = readFileSync(new URL(`../../docs/${file}`, import.meta.url), 'utf8');
    expect(REFERENCE_DOCUMENTS[file]?.()).toBe(written);
  });
});
