import { describe, expect, it } from 'vitest';
import { type InputLine, InputLog } from '#core/input-log/input-log.ts';
import { LeaseLog } from '#core/input-log/lease-log.ts';
import type { EpochMs, MonoNanos } from '#core/time/clock.ts';

const NOW = { mono: 5 as MonoNanos, epoch: 7 as EpochMs };

function openLog(takes = true) {
  const lines: InputLine[] = [];
  const numbers: number[] = [];
  const log = new InputLog({
    connection: { venue: 'engine', connection: 'inputs', epoch: 1 },
    frame: (bytes, _receivedAt, inputNumber) => {
      lines.push(JSON.parse(Buffer.from(bytes).toString('utf8')));
      numbers.push(inputNumber);
      return takes;
    },
    end: () => undefined,
  });
  return { log, lines, numbers };
}

describe('the input log', () => {
  it('invariant 8: frames and inputs share one count, and what is no input takes none', () => {
    const { log, lines, numbers } = openLog();
    const unit = new LeaseLog(log, 'paper/main/bybit-linear', 4);
    expect(log.frame()).toBe(1);
    unit.recordLane('timer', 'scalper', 1, null, NOW);
    unit.recordLane('effects', 'scalper', 1, [], NOW);
    unit.recordLane('timer', 'scalper', 2, null, NOW);
    expect(log.frame()).toBe(4);
    expect(numbers).toEqual([2, 2, 3]);
    expect(lines.map(({ n, kind, lease, instance }) => [n, kind, lease, instance])).toEqual([
      [2, 'timer', 4, undefined],
      [2, 'effects', 4, undefined],
      [3, 'timer', 4, 2],
    ]);
  });

  it('invariant 8: a line says after which part of the frame it came, and the next frame begins anew', () => {
    const { log, lines } = openLog();
    log.frame();
    log.part();
    log.record('gate', 'unit', 'lane', null, NOW);
    log.part();
    log.record('answer', 'unit', 'lane', null, NOW);
    log.frame();
    log.record('timer', 'unit', 'lane', null, NOW);
    expect(lines.map(({ part }) => part)).toEqual([1, 2, 0]);
  });

  it('M3: what cannot be written leaves a hole, is counted, and stops nobody', () => {
    const { log, lines } = openLog();
    log.record('timer', 'unit', 'lane', null, NOW);
    for (const kind of ['accountReport', 'effects'] as const) {
      const before = log.last;
      log.record(kind, 'unit', 'lane', { size: 1n }, NOW);
      expect(log.last).toBeGreaterThan(before);
    }
    log.record('timer', 'unit', 'lane', null, NOW);
    expect(lines).toHaveLength(2);
    expect(log.last).toBeGreaterThan((lines[0]?.n ?? 0) + 2);
    expect(log.shed).toBe(2);
  });

  it('R9: lines that the publisher sheds are counted', () => {
    const { log } = openLog(false);
    log.record('timer', 'unit', 'lane', null, NOW);
    expect(log.shed).toBe(1);
  });
});
