import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createBackoff, RECONNECT_BACKOFF } from '#venues/connection/backoff.ts';

describe('backoff', () => {
  it('R2: every wait lies within [0, min(cap, base × 2^attempts)] and the cap is an hour', () => {
    expect(RECONNECT_BACKOFF.capMs).toBe(3_600_000);
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 60_000, max: 3_600_000 }),
        fc.integer({ min: 1, max: 200 }),
        (seed, baseMs, capMs, attempts) => {
          const backoff = createBackoff(seededRandom(seed), { baseMs, capMs });
          for (let attempt = 0; attempt < attempts; attempt += 1) {
            const delay = backoff.nextDelayMs();
            expect(delay).toBeGreaterThanOrEqual(0);
            expect(delay).toBeLessThanOrEqual(Math.min(capMs, baseMs * 2 ** attempt));
          }
        },
      ),
    );
  });

  it('R2: the ceiling is reached: with the largest draw each wait doubles until the cap', () => {
    const backoff = createBackoff({ next: () => 1 }, { baseMs: 1_000, capMs: 3_600_000 });
    const waits = Array.from({ length: 14 }, () => backoff.nextDelayMs());
    expect(waits.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(waits.at(-1)).toBe(3_600_000);
  });

  it('R2: after a reset the next wait starts from the base again', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 100 }), (seed, attempts) => {
        const backoff = createBackoff(seededRandom(seed));
        for (let attempt = 0; attempt < attempts; attempt += 1) backoff.nextDelayMs();
        backoff.reset();
        expect(backoff.attempts).toBe(0);
        expect(backoff.nextDelayMs()).toBeLessThanOrEqual(RECONNECT_BACKOFF.baseMs);
      }),
    );
  });

  it('R2: connections that lost the venue together do not come back in step', () => {
    const at = Array.from({ length: 50 }, (_, seed) => {
      const backoff = createBackoff(seededRandom(seed + 1));
      for (let attempt = 0; attempt < 6; attempt += 1) backoff.nextDelayMs();
      return backoff.nextDelayMs();
    });
    const ceiling = RECONNECT_BACKOFF.baseMs * 2 ** 6;
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const inTenth = at.filter((ms) => Math.floor((ms / ceiling) * 10) === tenth);
      expect(inTenth.length).toBeLessThanOrEqual(15);
    }
  });
});
