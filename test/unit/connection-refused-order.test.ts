import { expect, it } from 'vitest';
import { VenueError } from '#core/orders/venue-error.ts';
import { answerOfError, refusedOrder } from '#venues/connection/refused-order.ts';

it.each([
  ['10016', 'venueUnclear'],
  ['HTTP_504', 'venueUnclear'],
  ['TIMEOUT', 'timeout'],
  ['LINK', 'linkLost'],
])('F2: what may have taken effect is unknown, with its cause: %s', (code, cause) => {
  expect(refusedOrder('unknown', code, 'Server error')).toEqual({ kind: 'unknown', cause, code, text: 'Server error' });
});

it('what is refused is a rejected answer with its class, and an error that is not the venue’s is thrown on', () => {
  expect(answerOfError(new VenueError('notFound', '110001', 'order not exists'))).toMatchObject({
    kind: 'rejected',
    code: '110001',
    errorClass: 'notFound',
  });
  expect(() => answerOfError(new TypeError('bug'))).toThrow(TypeError);
});
