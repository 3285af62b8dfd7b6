import { describe, expect, it } from 'vitest';
import { addressCircuit, createRateCircuit } from '#venues/connection/rate-circuit.ts';
import { createManualClock } from '../support/manual-clock.ts';

describe('circuit of a venue’s rate limits', () => {
  it('F26: a refusal stops everything but cancels, a ban stops cancels too, and the longer wait counts', () => {
    const { clock, advance } = createManualClock();
    const circuit = createRateCircuit(clock);
    circuit.refuse('normal', 10_000);
    circuit.refuse('normal', 1_000);
    expect([circuit.waitMs('normal'), circuit.waitMs('cancel')]).toEqual([10_000, 0]);
    circuit.refuse('all', 4_000);
    expect([circuit.waitMs('normal'), circuit.waitMs('cancel')]).toEqual([10_000, 4_000]);
    advance(4_000);
    expect([circuit.waitMs('normal'), circuit.waitMs('cancel')]).toEqual([6_000, 0]);
    advance(6_000);
    expect(circuit.waitMs('normal')).toBe(0);
  });

  it('F26: all accounts of one address share it, and no other venue does', () => {
    const { clock } = createManualClock();
    addressCircuit(clock, 'https://venue.example').refuse('normal', 1_000);
    expect(addressCircuit(clock, 'https://venue.example').waitMs('normal')).toBe(1_000);
    expect(addressCircuit(clock, 'https://elsewhere.example').waitMs('normal')).toBe(0);
    expect(addressCircuit(createManualClock().clock, 'https://venue.example').waitMs('normal')).toBe(0);
  });

  it('F26: a wall clock that steps neither opens nor closes it', () => {
    const { clock, stepWall } = createManualClock();
    const circuit = createRateCircuit(clock);
    circuit.refuse('normal', 1_000);
    stepWall(3_600_000);
    expect(circuit.waitMs('normal')).toBe(1_000);
  });
});
