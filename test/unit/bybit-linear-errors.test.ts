import { describe, expect, it } from 'vitest';
import { classOfCode, classOfStatus } from '#venues/bybit/errors.ts';

describe('H11: classes of Bybit errors', () => {
  it.each([
    [10006, 'create', 'retry'],
    [10019, 'create', 'retry'],
    [10002, 'create', 'clock'],
    [10016, 'create', 'unknown'],
    [10016, 'query', 'retry'],
    [10000, 'cancel', 'unknown'],
    [110079, 'cancel', 'unknown'],
    [110001, 'cancel', 'notFound'],
    [110008, 'cancel', 'alreadySo'],
    [110008, 'amend', 'reject'],
    [110043, 'amend', 'alreadySo'],
    [110072, 'create', 'alreadySo'],
    [10003, 'query', 'keys'],
    [33004, 'create', 'keys'],
    [110007, 'create', 'reject'],
    [110017, 'create', 'reject'],
    [10001, 'create', 'reject'],
    [170032, 'create', 'unknown'],
    [170032, 'query', 'retry'],
    [110001, 'create', 'unknown'],
    [170213, 'create', 'unknown'],
    [170213, 'cancel', 'notFound'],
  ] as const)('%i on %s is %s', (code, operation, expected) => {
    expect(classOfCode(code, operation)).toBe(expected);
  });

  it('a code that is in no table may have taken effect on an order, and is never taken for a rejection', () => {
    expect(classOfCode(999_999, 'create')).toBe('unknown');
    expect(classOfCode(999_999, 'cancel')).toBe('unknown');
    expect(classOfCode(999_999, 'query')).toBe('reject');
  });

  it('an HTTP status without a readable answer: 5xx on an order is unknown, 403 waits, 401 needs people', () => {
    expect(classOfStatus(503, 'create')).toBe('unknown');
    expect(classOfStatus(503, 'query')).toBe('retry');
    expect(classOfStatus(403, 'query')).toBe('retry');
    expect(classOfStatus(401, 'cancel')).toBe('keys');
  });
});
