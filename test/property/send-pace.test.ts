import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limitDials, takeDial } from '#venues/connection/dial-schedule.ts';
import { createSendPace } from '#venues/connection/send-pace.ts';
import { createManualClock } from '../support/manual-clock.ts';

/** Requests of a client over time: gaps in ms, and which of them are heartbeats that cannot wait. */
const traffic = fc.array(
  fc.record({ gapMs: fc.integer({ min: 0, max: 700 }), kind: fc.constantFrom('request', 'request', 'heartbeat') }),
  { minLength: 1, maxLength: 80 },
);

/** The largest number of entries in any window of `windowMs`, both ends included only once. */
function busiest(times: readonly number[], windowMs: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + windowMs).length));
}

describe('the pace of client messages', () => {
  it('no second anywhere holds more requests than the venue takes, a place for a heartbeat kept; all leave, in their order', () => {
    fc.assert(
      fc.property(traffic, fc.integer({ min: 2, max: 10 }), (steps, perSecond) => {
        const manual = createManualClock();
        const pace = createSendPace(manual.clock, manual.timers, perSecond);
        const requests: { readonly id: number; readonly at: number }[] = [];
        const heartbeats: number[] = [];
        let lastBeat = Number.NEGATIVE_INFINITY;
        let asked = 0;
        for (const { gapMs, kind } of steps) {
          manual.advance(gapMs);
          const now = manual.clock.monoNanos() / 1e6;
          if (kind === 'heartbeat' && now - lastBeat >= 1_000) {
            lastBeat = now;
            heartbeats.push(now);
            pace.count();
          } else if (kind === 'request') {
            const id = asked;
            asked += 1;
            pace.whenAllowed(() => requests.push({ id, at: manual.clock.monoNanos() / 1e6 }));
          }
        }
        manual.advance(1_000 * (asked + 2));
        expect(requests.map(({ id }) => id)).toEqual(Array.from({ length: asked }, (_, id) => id));
        const all = [...requests.map(({ at }) => at), ...heartbeats].sort((a, b) => a - b);
        expect(busiest(all, 1_000)).toBeLessThanOrEqual(perSecond);
        expect(pace.waiting).toBe(0);
        expect(manual.pending).toBe(0);
      }),
    );
  });

  it('a connection that ends sends nothing of what waited', () => {
    const manual = createManualClock();
    const pace = createSendPace(manual.clock, manual.timers, 2);
    let sent = 0;
    for (let index = 0; index < 5; index += 1) {
      pace.whenAllowed(() => {
        sent += 1;
      });
    }
    expect(sent).toBe(1);
    pace.end();
    manual.advance(10_000);
    expect(sent).toBe(1);
    expect(manual.pending).toBe(0);
  });
});

describe('the pace of new connections', () => {
  it('no window holds more than the venue takes of one address, over all connections of the process', () => {
    const tries = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(tries, fc.integer({ min: 2, max: 20 }), (gaps, count) => {
        const { clock, advance } = createManualClock();
        limitDials(clock, 'wss://venue.example/public', { count, windowMs: 5_000 });
        limitDials(clock, 'wss://venue.example/market', { count: count * 100, windowMs: 5_000 });
        const opened: number[] = [];
        for (const [index, gapMs] of gaps.entries()) {
          advance(gapMs);
          const path = index % 2 === 0 ? 'public' : 'market';
          const waitMs = takeDial(clock, `wss://venue.example/${path}`);
          if (waitMs === 0) opened.push(clock.monoNanos() / 1e6);
          else {
            advance(waitMs);
            expect(takeDial(clock, `wss://venue.example/${path}`)).toBe(0);
            opened.push(clock.monoNanos() / 1e6);
          }
        }
        expect(busiest(opened, 5_000)).toBeLessThanOrEqual(count);
        expect(takeDial(clock, 'wss://elsewhere.example')).toBe(0);
      }),
    );
  });
});
