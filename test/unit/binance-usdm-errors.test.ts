import { describe, expect, test } from 'vitest';
import { binanceUsdmErrors, ERROR_CLASSES } from '#venues/binance-usdm/errors.ts';

const { classify: classifyError, errorOf: venueErrorOf } = binanceUsdmErrors;

describe('error classes', () => {
  test('S3: no code has two classes', () => {
    const codes = Object.values(ERROR_CLASSES).flat();
    expect(new Set(codes).size).toBe(codes.length);
  });

  test.each([
    [-1003, 'retry'],
    [-1015, 'retry'],
    [-1021, 'clock'],
    [-1007, 'unknown'],
    [-1006, 'unknown'],
    [-4116, 'alreadySo'],
    [-2011, 'alreadySo'],
    [-5027, 'alreadySo'],
    [-2013, 'notFound'],
    [-2015, 'keys'],
    [-1022, 'keys'],
    [-4061, 'keys'],
    [-2019, 'reject'],
    [-5022, 'reject'],
    [-4164, 'reject'],
  ])('%i is %s for an order', (code, expected) => {
    expect(classifyError(code, '', 400, 'order')).toBe(expected);
  });

  test('F2: what leaves an order open is simply asked again when it was a query', () => {
    expect(classifyError(-1007, '', 503, 'query')).toBe('retry');
    expect(classifyError(null, '<html>', 502, 'query')).toBe('retry');
    expect(classifyError(null, '<html>', 502, 'order')).toBe('unknown');
  });

  test('a duplicate id under the general code is the order itself, not a refusal', () => {
    expect(classifyError(-2010, 'Duplicate order sent.', 400, 'order')).toBe('alreadySo');
    expect(classifyError(-4000, 'ClientAlgoId is duplicated.', 400, 'order')).toBe('alreadySo');
    expect(classifyError(-2010, 'Account has insufficient balance.', 400, 'order')).toBe('reject');
  });

  test('a code that nobody has heard of is never retried by itself', () => {
    expect(classifyError(-9876, 'something new', 400, 'order')).toBe('reject');
    expect(classifyError(-9876, 'something new', 500, 'order')).toBe('unknown');
  });

  test('F26: the stated wait is kept', () => {
    const error = venueErrorOf(429, '{"code":-1003,"msg":"Too many requests."}', '7', 'query');
    expect(error).toMatchObject({ venueClass: 'retry', venueCode: '-1003', retryAfterMs: 7_000 });
  });

  test('G8: a page of a gateway is read by its status alone, and only its beginning is kept', () => {
    const error = venueErrorOf(503, `<html>\n<body>${'maintenance '.repeat(100)}`, null, 'query');
    expect(error).toMatchObject({ venueClass: 'retry', venueCode: 'HTTP 503', retryAfterMs: null });
    expect(error.message.length).toBeLessThan(250);
    expect(venueErrorOf(401, '', null, 'order').venueClass).toBe('keys');
    expect(venueErrorOf(418, '"banned"', '120', 'order')).toMatchObject({ venueClass: 'retry', retryAfterMs: 120_000 });
  });
});
