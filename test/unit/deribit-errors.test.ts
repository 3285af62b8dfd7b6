import { describe, expect, it } from 'vitest';
import { refusedOrder } from '#venues/connection/refused-order.ts';
import { classOfCode, classOfStatus, isKnownCode } from '#venues/deribit/errors.ts';

describe('Deribit error classes', () => {
  it.each([
    [10028, 'too_many_requests', 'create', 'retry'],
    [10041, 'settlement_in_progress', 'create', 'retry'],
    [11051, 'system_maintenance', 'query', 'retry'],
    [13888, 'timed_out', 'create', 'unknown'],
    [13888, 'timed_out', 'query', 'retry'],
    [11094, 'internal_server_error', 'cancel', 'unknown'],
    [10009, 'not_enough_funds', 'create', 'reject'],
    [11054, 'post_only_reject', 'create', 'reject'],
    [10004, 'order_not_found', 'cancel', 'notFound'],
    [11044, 'not_open_order', 'cancel', 'alreadySo'],
    [11044, 'not_open_order', 'amend', 'reject'],
    [13004, 'invalid_credentials', 'query', 'keys'],
    [13021, 'forbidden', 'create', 'keys'],
    [13009, 'unauthorized', 'create', 'retry'],
    [-32602, 'Invalid params', 'create', 'reject'],
  ] as const)('S3: %s %s of a %s is %s', (code, text, operation, errorClass) => {
    expect(classOfCode(code, text, operation)).toBe(errorClass);
    expect(isKnownCode(code)).toBe(true);
  });

  it('a code whose meaning the newer pages give otherwise is judged by its text', () => {
    expect(classOfCode(11000, 'order_not_found', 'cancel')).toBe('notFound');
    expect(classOfCode(10005, 'forbidden', 'create')).toBe('keys');
  });

  it('H3: an unknown code of an order may have taken effect; of a query it is refused', () => {
    expect(classOfCode(99_999, 'something new', 'create')).toBe('unknown');
    expect(classOfCode(99_999, 'something new', 'query')).toBe('reject');
    expect(isKnownCode(99_999)).toBe(false);
    expect(refusedOrder('unknown', '99999', 'x')).toEqual({
      kind: 'unknown',
      cause: 'venueUnclear',
      code: '99999',
      text: 'x',
    });
  });

  it('statuses without a readable answer: keys, rate, unclear', () => {
    expect(classOfStatus(401, 'query')).toBe('keys');
    expect(classOfStatus(429, 'create')).toBe('retry');
    expect(classOfStatus(502, 'create')).toBe('unknown');
    expect(classOfStatus(502, 'query')).toBe('retry');
    expect(classOfStatus(400, 'create')).toBe('reject');
  });
});
