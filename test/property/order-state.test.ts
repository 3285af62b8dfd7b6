import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ORDER_STATES } from '#core/events/trading-event.ts';
import type { Evidence } from '#core/orders/order.ts';
import { isTerminal, ORDER_INPUTS, ORDER_TRANSITIONS, stepOrder } from '#core/orders/order-state.ts';

const EVIDENCE: Evidence[] = [{ kind: 'fills', fillIds: ['1'] }];
const anyState = fc.constantFrom(...ORDER_STATES);
const anyInput = fc.constantFrom(...ORDER_INPUTS);

describe('order states', () => {
  it('H3: no terminal state is entered without evidence, from any state by any input', () => {
    for (const state of ORDER_STATES) {
      for (const input of ORDER_INPUTS) {
        for (const hasFills of [false, true]) {
          let step: ReturnType<typeof stepOrder>;
          try {
            step = stepOrder(state, input, hasFills, []);
          } catch (error) {
            expect(String(error)).toContain('ORDER_EVIDENCE_MISSING');
            continue;
          }
          if (step.kind === 'changed' && isTerminal(step.state)) expect(step.state).toBe('Denied');
        }
      }
    }
  });

  it('H3: Unknown is left only by a word of the venue, an answer to the request, or agreed absence', () => {
    const leaves = Object.entries(ORDER_TRANSITIONS.Unknown)
      .filter(([, next]) => next !== 'same')
      .map(([input]) => input);
    expect(new Set(leaves)).toEqual(
      new Set([
        'accepted',
        'fill',
        'fillComplete',
        'filled',
        'canceled',
        'rejected',
        'expired',
        'placeAccepted',
        'placeRejected',
        'absent',
      ]),
    );
  });

  it('H3: a timeout, an unclear answer or a refused cancel never ends an order', () => {
    for (const state of ORDER_STATES.filter((each) => !isTerminal(each))) {
      for (const input of [
        'placeUnknown',
        'cancelUnknown',
        'cancelRefused',
        'replaceUnknown',
        'replaceRefused',
      ] as const) {
        const step = stepOrder(state, input, false, EVIDENCE);
        if (step.kind !== 'refused') expect(isTerminal(step.state)).toBe(false);
      }
    }
  });

  it('H3: once submitted, any sequence of inputs keeps Filled for ever, and only a full fill changes Canceled or Expired', () => {
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 30 }), fc.boolean(), (inputs, hasFills) => {
        let state =
          stepOrder('Initialized', 'submit', false, []).kind === 'changed'
            ? ('Submitted' as (typeof ORDER_STATES)[number])
            : 'Denied';
        for (const input of inputs) {
          const step = stepOrder(state, input, hasFills, EVIDENCE);
          if (step.kind === 'refused') continue;
          if (state === 'Filled') expect(step.state).toBe('Filled');
          if ((state === 'Canceled' || state === 'Expired') && step.state !== state) expect(step.state).toBe('Filled');
          state = step.state;
        }
      }),
    );
  });

  it('H3: a fill of a rejected order is a contradiction and leads to Unknown, never to a guess', () => {
    expect(stepOrder('Rejected', 'fill', true, EVIDENCE)).toEqual({ kind: 'changed', state: 'Unknown' });
  });

  it('every listed transition names a state, and Denied can never be left', () => {
    fc.assert(
      fc.property(anyState, anyInput, fc.boolean(), (state, input, hasFills) => {
        const step = stepOrder(state, input, hasFills, EVIDENCE);
        if (state === 'Denied') expect(step.kind).toBe('refused');
        if (step.kind !== 'refused') expect(ORDER_STATES).toContain(step.state);
      }),
    );
  });
});
