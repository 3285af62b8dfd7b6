import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalDecimal } from '#core/market/scaled-decimal.ts';
import { hasLongNumber, numberText, parseNumbersAsText, plainDecimal } from '#venues/deribit/json-numbers.ts';

describe('Deribit numbers as text', () => {
  it.each([
    ['1e-7', '0.0000001'],
    ['-8.477e-05', '-0.00008477'],
    ['1.5E3', '1500'],
    ['12.34e1', '123.4'],
    ['0.05e2', '5'],
    ['1e+2', '100'],
  ])('%s is %s', (text, plain) => {
    expect(plainDecimal(text)).toBe(plain);
  });

  it('keeps every digit that stands in the frame, of any number of digits', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?$/), (text) => {
        expect(parseNumbersAsText(`{"a":[${text}],"b":-${text}}`)).toEqual({ a: [text], b: `-${text}` });
      }),
    );
  });

  it('an exponent says the same as without it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), fc.integer({ min: -20, max: 14 }), (mantissa, exponent) => {
        expect(Number(plainDecimal(`${mantissa}e${exponent}`))).toBe(Number(`${mantissa}e${exponent}`));
      }),
    );
  });

  it('a double says the same decimal as the text that it was read from, unless the number is long, which is seen', () => {
    const decimal = fc.stringMatching(/^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$/);
    fc.assert(
      fc.property(decimal, (text) => {
        if (hasLongNumber(Buffer.from(`{"a":${text}}`))) {
          expect(text.replace('.', '').length).toBeGreaterThan(15);
        } else {
          expect(canonicalDecimal(String(numberText(JSON.parse(text))))).toBe(canonicalDecimal(text));
        }
      }),
      { numRuns: 1_000 },
    );
    expect(hasLongNumber(Buffer.from('[123456789012.3456]'))).toBe(true);
    expect(hasLongNumber(Buffer.from('[123456789012345,123456789012345]'))).toBe(false);
    expect(numberText(8.477e-5)).toBe('0.00008477');
    expect(numberText('as it is')).toBe('as it is');
  });

  it('refuses absurd exponents and what is no JSON with FRAME_INVALID', () => {
    expect(() => parseNumbersAsText('{"a":1e999999}')).toThrow(/FRAME_INVALID/);
    expect(() => parseNumbersAsText('{"a":1')).toThrow(/FRAME_INVALID/);
  });
});
