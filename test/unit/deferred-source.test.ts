import { describe, expect, test } from 'vitest';
import { deferSource } from '#simulation/deferred-source.ts';
import type { MarketSource, SourceStep } from '#simulation/market-sources/market-source.ts';

const frame = { symbol: 'BTCUSDT', channel: 'book' as const, stream: 's', frame: new Uint8Array() };

function recording(steps: readonly SourceStep[]): MarketSource {
  const left = [...steps];
  return {
    origin: 'recorded',
    next: (untilMs) => ((left[0]?.offsetMs ?? Number.POSITIVE_INFINITY) <= untilMs ? (left.shift() ?? null) : null),
    nextDueMs: () => left[0]?.offsetMs ?? null,
  };
}

const steps: SourceStep[] = [
  { offsetMs: 0, frame: null, changes: [] },
  { offsetMs: 0, frame, changes: [] },
  { offsetMs: 40, frame, changes: [] },
];

describe('a recording that waits for its audience', () => {
  test('shows its first book at once and nothing else, however long it waits', () => {
    const source = deferSource(recording(steps));
    expect(source.next(5_000)).toEqual(steps[0]);
    expect([source.next(5_000), source.next(60_000), source.nextDueMs()]).toEqual([null, null, null]);
  });

  test('then plays every frame, at the distances of the recording', () => {
    const source = deferSource(recording(steps));
    expect(source.next(10)).toEqual(steps[0]);
    expect(source.next(10)).toBeNull();
    source.start(1_000);
    source.start(9_000);
    expect(source.nextDueMs()).toBe(1_000);
    expect(source.next(1_000)?.offsetMs).toBe(1_000);
    expect(source.next(1_039)).toBeNull();
    expect(source.next(1_040)?.offsetMs).toBe(1_040);
    expect([source.next(99_000), source.nextDueMs()]).toEqual([null, null]);
  });

  test('ten times as fast, with the time of the next funding in the exchange’s own time', () => {
    const funding = { kind: 'ticker' as const, symbol: 'BTCUSDT', nextFundingOffsetMs: 500 };
    const source = deferSource(recording([...steps.slice(0, 2), { offsetMs: 40, frame, changes: [funding] }]), 10);
    expect([source.next(10), source.next(10)]).toEqual([steps[0], null]);
    source.start(1_000);
    expect(source.next(1_000)?.offsetMs).toBe(1_000);
    expect([source.next(1_003), source.nextDueMs()]).toEqual([null, 1_004]);
    expect(source.next(1_004)).toMatchObject({ offsetMs: 1_004, changes: [{ nextFundingOffsetMs: 1_050 }] });
  });
});
