import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Benchmark, geometricMean, isMet } from '../../bench/benchmark.ts';
import { lineOf, sectionsOf, withSections } from '../../bench/document.ts';
import { drawPercentiles } from '../../bench/loopback/percentile-chart.ts';

const benchmark: Benchmark = {
  name: 'sample',
  what: 'what is measured',
  run: () => [],
  bars: (rows) => [
    { what: 'fast enough', measured: rows[1]?.figures?.['× other'] ?? Number.NaN, least: 2 },
    { what: 'never measured', measured: Number.NaN, most: 5 },
  ],
};
const measured = {
  benchmark,
  environment: 'Node v0, 2 cores',
  rows: [
    { label: 'other', meanNs: 1_234.4, note: 'a | b' },
    { label: 'ours', meanNs: 99.96, p50Ns: 3.149, p99Ns: 123_456, figures: { '× other': 12.349 } },
  ],
};

describe('the document of the benchmarks', () => {
  it('a section is a table of what some row has, then its bars; what was not measured does not meet a bar', () => {
    expect(sectionsOf([measured]).get('sample')).toBe(
      [
        'Node v0, 2 cores. Times in ns.',
        '',
        '| what | mean | p50 | p99 | × other | note |',
        '| --- | ---: | ---: | ---: | ---: | --- |',
        '| other | 1,234 |  |  |  | a \\| b |',
        '| ours | 100 | 3.15 | 123,456 | 12.3 |  |',
        '',
        '| bar | measured | asked | met |',
        '| --- | ---: | ---: | --- |',
        '| fast enough | 12.3 | ≥ 2 | yes |',
        '| never measured |  | ≤ 5 | **no** |',
      ].join('\n'),
    );
    expect(lineOf(measured).at(-2)).toBe('  bar: fast enough: 12.3, asked ≥ 2: yes');
  });

  it('sections are put between their marks, again and again, and nothing else changes', () => {
    const document =
      'before\n<!-- measured: a -->\nold\n<!-- end of a -->\nafter\n<!-- measured: b -->\n<!-- end of b -->\n';
    const once = withSections(document, new Map([['a', 'new']]));
    expect(once).toBe(
      'before\n<!-- measured: a -->\nnew\n<!-- end of a -->\nafter\n<!-- measured: b -->\n<!-- end of b -->\n',
    );
    expect(withSections(once, new Map([['a', 'new']]))).toBe(once);
    expect(() => withSections(document, new Map([['c', 'new']]))).toThrow(/no place for "c"/);
  });

  it('docs/performance.md has a place for every benchmark', () => {
    const document = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
    const names = ['decode', 'book', 'decision', 'order', 'publish', 'put-records', 'peers', 'loopback'];
    const sections = new Map(names.map((name) => [name, `section of ${name}`]));
    for (const section of sections.values()) expect(withSections(document, sections)).toContain(section);
  });

  it('bars and means are what they say', () => {
    expect(isMet({ what: '', measured: 2, least: 2, most: 2 })).toBe(true);
    expect(isMet({ what: '', measured: 1.9, least: 2 })).toBe(false);
    expect(geometricMean([2, 8])).toBeCloseTo(4);
  });
});

describe('the picture of latencies', () => {
  it('has a title, and for each client a line that never falls with the percentile', () => {
    const sortedUs = Float64Array.from(
      { length: 10_000 },
      (_, index) => 20 + index / 10 + (index > 9_990 ? 50_000 : 0),
    );
    const picture = drawPercentiles('from write to decision', [{ name: 'ours', colour: '#123456', sortedUs }]);
    expect(picture).toContain('<title>from write to decision</title>');
    expect(picture).toContain('>ours</text>');
    expect(picture).not.toContain('NaN');
    const points =
      /<polyline points="([^"]+)"/
        .exec(picture)?.[1]
        ?.split(' ')
        .map((point) => point.split(',').map(Number)) ?? [];
    expect(points.length).toBeGreaterThan(100);
    for (const [index, [x = 0, y = 0]] of points.entries()) {
      const [left = 0, lower = 0] = points[index - 1] ?? [x, y];
      expect(x).toBeGreaterThanOrEqual(left);
      // Upwards is towards zero.
      expect(y).toBeLessThanOrEqual(lower);
    }
  });
});
