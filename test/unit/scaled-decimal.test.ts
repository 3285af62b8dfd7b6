import { describe, expect, test } from 'vitest';
import { canonicalDecimal, decimalsOf, formatScaled, parseScaled, powerOfTen } from '#core/market/scaled-decimal.ts';

describe('scaled decimals', () => {
  test.each([
    ['61800.20', 1, 618_002],
    ['61800.2', 3, 61_800_200],
    ['0.001', 3, 1],
    ['12', 0, 12],
    ['-0.5', 1, -5],
    ['-0', 2, 0],
    ['007.50', 2, 750],
    ['9007199254740991', 0, Number.MAX_SAFE_INTEGER],
  ])('reads %s at scale %i as %i', (text, scale, expected) => {
    expect(Object.is(parseScaled(text, scale), expected)).toBe(true);
  });

  test.each([
    ['', 'DECIMAL_SYNTAX'],
    ['-', 'DECIMAL_SYNTAX'],
    ['.5', 'DECIMAL_SYNTAX'],
    ['1.2.3', 'DECIMAL_SYNTAX'],
    ['1e3', 'DECIMAL_SYNTAX'],
    ['+1', 'DECIMAL_SYNTAX'],
    [' 1', 'DECIMAL_SYNTAX'],
    ['NaN', 'DECIMAL_SYNTAX'],
    ['0x10', 'DECIMAL_SYNTAX'],
    ['١', 'DECIMAL_SYNTAX'],
    ['0.1234', 'DECIMAL_PRECISION'],
    ['9007199254740992', 'DECIMAL_RANGE'],
    ['9007199254740.9921', 'DECIMAL_RANGE'],
    ['99999999999999999999999', 'DECIMAL_RANGE'],
  ])('refuses %j as %s', (text, code) => {
    const scale = code === 'DECIMAL_RANGE' ? 4 : 3;
    expect(() => parseScaled(text, scale)).toThrow(expect.objectContaining({ class: 'validation', code }));
  });

  test.each([-1, 16, 0.5, Number.NaN])('refuses the scale %d', (scale) => {
    expect(() => powerOfTen(scale)).toThrow(expect.objectContaining({ code: 'SCALE_RANGE' }));
  });

  test.each([
    [618_002, 1, '61800.2'],
    [618_000, 1, '61800'],
    [5, 3, '0.005'],
    [-5, 3, '-0.005'],
    [0, 8, '0'],
    [7, 0, '7'],
  ])('writes %i at scale %i as %s', (value, scale, expected) => {
    expect(formatScaled(value, scale)).toBe(expected);
  });

  test.each([0.5, Number.NaN, 2 ** 53])('never writes %d, which is no exact integer', (value) => {
    expect(() => formatScaled(value, 2)).toThrow(expect.objectContaining({ class: 'fatal' }));
  });

  test.each([
    ['0.0500', '0.05', 2],
    ['100', '100', 0],
    ['100.000', '100', 0],
    ['000.10', '0.1', 1],
    ['-0', '0', 0],
    ['-0.00', '0', 0],
    ['-01.50', '-1.5', 1],
    ['0', '0', 0],
    ['5.', '5', 0],
    ['0.00010000', '0.0001', 4],
  ])('%s is %s without what says nothing, and needs %i decimals', (text, canonical, decimals) => {
    expect(canonicalDecimal(text)).toBe(canonical);
    expect(decimalsOf(text)).toBe(decimals);
  });

  test.each(['', '-', '.', '.5', '1..2', '1e5', 'abc', '1,5', '--1'])('%j is not decimal text', (text) => {
    expect(() => canonicalDecimal(text)).toThrow(expect.objectContaining({ code: 'DECIMAL_SYNTAX' }));
    expect(() => decimalsOf(text)).toThrow(expect.objectContaining({ code: 'DECIMAL_SYNTAX' }));
  });
});
