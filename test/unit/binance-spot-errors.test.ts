import { describe, expect, test } from 'vitest';
import { binanceSpotErrors, ERROR_CLASSES } from '#venues/binance-spot/errors.ts';

describe('error classes of spot', () => {
  test('S3: no code has two classes', () => {
    const codes = Object.values(ERROR_CLASSES).flat();
    expect(new Set(codes).size).toBe(codes.length);
  });

  test('F2: an internal error leaves an order open, and a query is asked again', () => {
    const text = 'Internal error; unable to process your request. Please try again.';
    expect(binanceSpotErrors.classify(-1001, text, 500, 'order')).toBe('unknown');
    expect(binanceSpotErrors.classify(-1001, text, 500, 'query')).toBe('retry');
  });

  test.each([
    [-1008, 503, 'retry'],
    [-1021, 400, 'clock'],
    [-2010, 400, 'reject'],
    [-2011, 400, 'alreadySo'],
    [-2026, 400, 'notFound'],
    [-2038, 400, 'reject'],
  ] as const)('%i with status %i is %s for an order', (code, status, expected) => {
    expect(binanceSpotErrors.classify(code, '', status, 'order')).toBe(expected);
  });
});
