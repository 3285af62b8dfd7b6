import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ORDER_STATES } from '#core/events/trading-event.ts';
import { type EndedState, isEnded, PROOFS, whyUnproven } from '#core/orders/evidence-rule.ts';
import type { Evidence } from '#core/orders/order.ts';
import { AFTER_PERSON, isTerminal, ORDER_INPUTS, ORDER_TRANSITIONS, stepOrder } from '#core/orders/order-state.ts';
import type { EpochMs } from '#core/time/clock.ts';

const VENUES_WORD: Evidence[] = [{ kind: 'query', venueOrderId: 'v-1', venueTime: 1 as EpochMs }];
const PERSON: Evidence[] = [{ kind: 'person', who: 'Ada', note: 'order history of the venue' }];
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

  it('H3: Unknown is left only by a word of the venue, an answer to the request, agreed absence, or what people found', () => {
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
        'replaced',
        'absent',
        'personFilled',
        'personCanceled',
        'personRejected',
        'personExpired',
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
          const step = stepOrder(state, input, hasFills, input === 'fillComplete' ? EVIDENCE : VENUES_WORD);
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

  const anyEvidence: fc.Arbitrary<Evidence> = fc.oneof(
    fc.record({
      kind: fc.constantFrom('accountStream' as const, 'query' as const),
      venueOrderId: fc.constantFrom('', 'v-1'),
      venueTime: fc.constant(1 as EpochMs),
    }),
    fc.record({ kind: fc.constant('answer' as const), code: fc.constantFrom('', '-2010'), text: fc.constant('') }),
    fc.record({ kind: fc.constant('fills' as const), fillIds: fc.constantFrom<string[]>([], ['1']) }),
    fc.record({
      kind: fc.constant('agreedAbsence' as const),
      queriedAt: fc.constantFrom(1 as EpochMs, 9 as EpochMs),
      windowFrom: fc.constant(5 as EpochMs),
      position: fc.constant('0'),
    }),
    fc.record({ kind: fc.constant('notSent' as const), reason: fc.constantFrom('', 'leaseEnds') }),
    fc.record({ kind: fc.constant('person' as const), who: fc.constantFrom('', 'Ada'), note: fc.constant('seen') }),
  );

  it('M1: an end is entered only with evidence that may prove it; what proves nothing leads to Unknown, and undoes no end', () => {
    fc.assert(
      fc.property(anyState, anyInput, fc.array(anyEvidence, { minLength: 1 }), (state, input, evidence) => {
        const step = stepOrder(state, input, false, evidence);
        if (step.kind !== 'changed' || !isEnded(step.state) || step.state === 'Denied') return;
        expect(whyUnproven(step.state, evidence)).toBeNull();
      }),
    );
    const nameless: Evidence[] = [{ kind: 'accountStream', venueOrderId: '', venueTime: 1 as EpochMs }];
    expect(stepOrder('Accepted', 'canceled', false, nameless)).toEqual({ kind: 'changed', state: 'Unknown' });
    expect(stepOrder('Unknown', 'filled', false, nameless)).toEqual({ kind: 'same', state: 'Unknown' });
    expect(stepOrder('Canceled', 'filled', false, nameless)).toEqual({ kind: 'refused' });
  });

  it('M1: executions, answers and absence prove no cancellation, and nothing but executions, the venue or people a full fill', () => {
    const proven = (end: EndedState) => PROOFS[end].toSorted();
    expect(proven('Canceled')).toEqual(['accountStream', 'person', 'query']);
    expect(proven('Expired')).toEqual(['accountStream', 'person', 'query']);
    expect(proven('Filled')).toEqual(['accountStream', 'fills', 'person', 'query']);
  });

  it('H3: people decide nothing but what is Unknown, and a word of the venue that contradicts them leads to Unknown again', () => {
    const decisions = ORDER_INPUTS.filter((input) => input.startsWith('person'));
    for (const state of ORDER_STATES) {
      for (const input of decisions) {
        const step = stepOrder(state, input, false, PERSON);
        if (state === 'Unknown') expect(step).toEqual({ kind: 'changed', state: input.slice('person'.length) });
        else expect(step.kind).toBe('refused');
      }
    }
    const words = ['accepted', 'filled', 'canceled', 'rejected', 'expired', 'fillComplete'] as const;
    const ends = ['Filled', 'Canceled', 'Rejected', 'Expired'] as const;
    for (const end of ends) {
      for (const word of words) {
        const agrees = stepOrder('Unknown', word, true, word === 'fillComplete' ? EVIDENCE : VENUES_WORD);
        const same = agrees.kind === 'changed' && agrees.state === end;
        const step = stepOrder(end, word, true, word === 'fillComplete' ? EVIDENCE : VENUES_WORD, PERSON);
        expect([end, word, step.kind === 'refused' ? null : step.state]).toEqual([end, word, same ? end : 'Unknown']);
      }
    }
    expect(Object.keys(AFTER_PERSON).every((state) => isTerminal(state as (typeof ORDER_STATES)[number]))).toBe(true);
  });

  it('F14: a fill or an older report during an amendment leaves the amendment open, and its outcome leaves the order working', () => {
    for (const input of ['fill', 'accepted', 'placeAccepted'] as const)
      expect(stepOrder('PendingReplace', input, true, [])).toEqual({ kind: 'same', state: 'PendingReplace' });
    for (const input of ['replaced', 'replaceRefused'] as const)
      expect(stepOrder('PendingReplace', input, true, [])).toEqual({ kind: 'changed', state: 'PartiallyFilled' });
    expect(stepOrder('PendingReplace', 'replaceUnknown', true, [])).toEqual({ kind: 'changed', state: 'Unknown' });
    expect(stepOrder('PendingReplace', 'fillComplete', true, EVIDENCE)).toEqual({ kind: 'changed', state: 'Filled' });
    for (const end of ['Filled', 'Canceled', 'Expired', 'Rejected'] as const)
      for (const input of ['replaceRefused', 'replaceUnknown'] as const)
        expect(stepOrder(end, input, true, [])).toEqual({ kind: 'same', state: end });
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
