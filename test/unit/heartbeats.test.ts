import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeartbeatBoard, type HeartbeatReading, judgeHeartbeat } from '#core/control/heartbeats.ts';
import type { MonoNanos } from '#core/time/clock.ts';

const LOOK_MS = 250;
const part = (beats: number | null): HeartbeatReading => ({ name: 'line', beats, periodMs: 1_000, silentMs: 3_000 });
const at = (ms: number) => (ms * 1e6) as MonoNanos;

describe('the judge of heartbeats', () => {
  it.each([
    ['ok', 0, 5],
    ['ok', 1_000, 5],
    ['late', 1_001, 5],
    ['late', 2_999, 5],
    ['silent', 3_000, 5],
    ['resting', 9_000, null],
  ] as const)('H13: says %s after %d ms without a beat (%s)', (verdict, quietMs, beats) => {
    expect(judgeHeartbeat(part(beats), quietMs).verdict).toBe(verdict);
  });

  it('H13: a part that stops is late, then silent, and is ok again with its next beat', () => {
    const board = new HeartbeatBoard(LOOK_MS);
    const seen = new Map<string, number>();
    let beats = 0;
    for (let ms = 0; ms <= 8_000; ms += LOOK_MS) {
      if (ms <= 2_000 || ms === 8_000) beats += 1;
      const verdict = board.look([part(beats)], at(ms))[0]?.verdict ?? '';
      if (!seen.has(verdict) || ms === 8_000) seen.set(verdict, ms);
    }
    expect(Object.fromEntries(seen)).toEqual({ ok: 8_000, late: 3_250, silent: 5_000 });
  });

  it('G11: no part is blamed for the time in which the process was stopped', () => {
    const board = new HeartbeatBoard(LOOK_MS);
    board.look([part(1)], at(0));
    expect(board.look([part(1)], at(3_600_000))[0]).toMatchObject({ verdict: 'ok', quietMs: 2 * LOOK_MS });
  });

  it('H13: whatever the times of the looks, a part that moves between each two is never silent, and one that never moves always is in the end', () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 40, maxLength: 80 });
    fc.assert(
      fc.property(gaps, (steps) => {
        const [moving, still] = [new HeartbeatBoard(LOOK_MS), new HeartbeatBoard(LOOK_MS)];
        let now = 0;
        let last = '';
        let counted = 0;
        for (const [beats, step] of steps.entries()) {
          now += step;
          if (beats > 0) counted += Math.min(step, 2 * LOOK_MS);
          expect(moving.look([part(beats)], at(now))[0]?.verdict).toBe('ok');
          last = still.look([part(7)], at(now))[0]?.verdict ?? '';
        }
        expect(last).toBe(counted >= 3_000 ? 'silent' : counted > 1_000 ? 'late' : 'ok');
      }),
    );
  });

  it('H13: a part that was begun anew has its whole time again, and one that is gone is forgotten', () => {
    const board = new HeartbeatBoard(LOOK_MS);
    for (let ms = 0; ms <= 3_000; ms += LOOK_MS) board.look([part(1)], at(ms));
    board.forgive('line');
    expect(board.look([part(1)], at(3_250))[0]).toMatchObject({ verdict: 'ok', quietMs: LOOK_MS });
    board.look([], at(3_500));
    expect(board.look([part(1)], at(3_750))[0]).toMatchObject({ quietMs: 0, beating: false });
  });
});
