import { describe, expect, it } from 'vitest';
import type { EventNote } from '#core/lanes/lane-effects.ts';
import { EngineMetrics } from '#engine/engine-metrics.ts';
import { type SupervisedPart, Supervisor } from '#engine/supervisor.ts';
import { createManualClock } from '../support/manual-clock.ts';

/** One part, which beats each 100 ms while it is well, and what becomes of it. */
function supervise(part: Partial<SupervisedPart> = {}) {
  const time = createManualClock();
  const metrics = new EngineMetrics();
  const [told, halted, ended]: [string[], (string | null)[], string[]] = [[], [], []];
  const state = { well: true, resting: false, gone: false, beats: 0, restarts: 0 };
  const supervised: SupervisedPart = {
    name: 'the part',
    periodMs: 500,
    silentMs: 2_000,
    beats: () => (state.resting ? null : state.beats),
    restart: () => {
      state.restarts += 1;
    },
    onSilent: (reason) => halted.push(reason),
    tell: (note: EventNote) => {
      if (note.type === 'alert') told.push(`${note.body.severity} ${note.body.code}`);
    },
    ...part,
  };
  const supervisor = new Supervisor({
    parts: () => (state.gone ? [] : [supervised]),
    clock: time.clock,
    timers: time.timers,
    log: () => undefined,
    metrics,
    end: (reason) => ended.push(reason),
  });
  const beat = () => {
    if (state.well) state.beats += 1;
    time.timers.after(100, beat);
  };
  beat();
  supervisor.start();
  time.advance(5_000);
  return { time, metrics, told, halted, ended, state, supervisor };
}

describe('the supervisor', () => {
  it('H13: a part that beats is left alone', () => {
    const { supervisor, told, state } = supervise();
    expect(supervisor.health()).toEqual({ ok: true, state: '1 parts beat' });
    expect({ told, restarts: state.restarts }).toEqual({ told: [], restarts: 0 });
  });

  it('H13: a part that hangs is found, told of and begun anew; what depends on it stands still until it beats again', () => {
    const { time, metrics, told, halted, state, supervisor } = supervise({
      restart: () => {
        state.restarts += 1;
        state.well = true;
      },
    });
    state.well = false;
    time.advance(1_000);
    expect(supervisor.health()).toEqual({ ok: true, state: '1 parts beat; late: the part' });
    time.advance(1_500);
    expect(state.restarts).toBe(1);
    time.advance(1_000);
    expect(told).toEqual(['critical PART_SILENT', 'info PART_BEATS_AGAIN']);
    expect(halted).toEqual([expect.stringContaining('the part has not moved for'), null]);
    expect({ silent: metrics.silentParts, anew: metrics.restartedParts, now: supervisor.silent }).toEqual({
      silent: 1,
      anew: 1,
      now: 0,
    });
  });

  it('H13: what cannot be revived is given up after three tries, and stays halted and told of', () => {
    const { time, told, halted, ended, state, supervisor } = supervise();
    state.well = false;
    time.advance(60_000);
    expect(state.restarts).toBe(3);
    expect(told).toEqual(['critical PART_SILENT']);
    expect(halted).toHaveLength(1);
    expect(supervisor.health()).toMatchObject({ ok: false });
    expect(ended).toEqual([]);
    state.well = true;
    time.advance(1_000);
    expect(halted.at(-1)).toBeNull();
  });

  it('H13: without a vital part the process ends, once it could not be revived', () => {
    const { time, ended, state } = supervise({ vital: true });
    state.well = false;
    time.advance(6_000);
    expect(ended).toEqual([]);
    time.advance(5_000);
    expect(ended[0]).toContain('could not be revived');
  });

  it('H13: a part that throws when it is begun anew does not stop the supervisor', () => {
    const { time, metrics, state, supervisor } = supervise({
      restart: () => {
        throw new Error('no');
      },
    });
    state.well = false;
    time.advance(20_000);
    expect(metrics.errors).toBe(3);
    state.well = true;
    time.advance(1_000);
    expect(supervisor.health()).toMatchObject({ ok: true });
  });

  it('a part that is to wait is not silent, however long', () => {
    const { time, told, state } = supervise();
    state.well = false;
    state.resting = true;
    time.advance(600_000);
    expect(told).toEqual([]);
  });

  it('H13, R3: what depended on a silent part that is there no more goes on', () => {
    const { time, halted, state, supervisor } = supervise();
    state.well = false;
    time.advance(3_000);
    expect(halted).toEqual([expect.stringContaining('the part has not moved for')]);
    state.gone = true;
    time.advance(1_000);
    expect(halted.at(-1)).toBeNull();
    expect(supervisor.silent).toBe(0);
  });
});
