import { describe, expect, it } from 'vitest';
import { RecentMap } from '#venues/connection/recent-map.ts';

describe('what was set lately', () => {
  it('is known for as many ids as asked for, and forgotten after twice as many', () => {
    const least = 5;
    const map = new RecentMap<number>(least);
    for (let last = 0; last < 40; last += 1) {
      map.set(`id-${last}`, last);
      const known = Array.from({ length: last + 1 }, (_, each) => each).filter(
        (each) => map.get(`id-${each}`) === each,
      );
      expect(known.length).toBeGreaterThanOrEqual(Math.min(least, last + 1));
      expect(known.length).toBeLessThanOrEqual(2 * least);
      expect(known).toEqual(known.map((_, at) => last - known.length + 1 + at));
    }
  });

  it('is what was set last for an id, in whichever half it was before', () => {
    const map = new RecentMap<string>(2);
    for (const id of ['a', 'b', 'c', 'a']) map.set(id, `first ${id}`);
    map.set('a', 'second a');
    expect([map.get('a'), map.get('b'), map.get('c'), map.get('none')]).toEqual([
      'second a',
      'first b',
      'first c',
      undefined,
    ]);
  });
});
