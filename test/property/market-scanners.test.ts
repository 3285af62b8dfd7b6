import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VENUES, type VenueId } from '#core/market/instrument.ts';
import { AlpacaScanner } from '#venues/alpaca/market-scanner.ts';
import { QuoteMemory } from '#venues/alpaca/quote-memory.ts';
import { BinanceSpotScanner } from '#venues/binance-spot/market-scanner.ts';
import { BinanceUsdmScanner } from '#venues/binance-usdm/market-scanner.ts';
import { BookMemory } from '#venues/bybit/book-memory.ts';
import { BybitScanner } from '#venues/bybit/market-scanner.ts';
import { DeribitScanner } from '#venues/deribit/market-scanner.ts';
import { venues } from '#venues/venues.ts';
import { damage, damaged } from '../support/frame-arbitraries/damage.ts';
import { FRAMES, INSTRUMENTS } from '../support/frame-arbitraries/venue-frames.ts';
import { createSpeaker } from '../support/scanned-text.ts';

type Target = ConstructorParameters<typeof BinanceUsdmScanner>[0];
const SCANNERS: Readonly<Record<VenueId, (target: Target) => { scan(bytes: Uint8Array): boolean }>> = {
  alpaca: (target) => new AlpacaScanner(target, new QuoteMemory()),
  'binance-spot': (target) => new BinanceSpotScanner(target),
  'binance-usdm': (target) => new BinanceUsdmScanner(target),
  'bybit-linear': (target) => new BybitScanner(target, new BookMemory()),
  'bybit-spot': (target) => new BybitScanner(target, new BookMemory()),
  deribit: (target) => new DeribitScanner(target),
};

describe.each(VENUES)('%s scanner', (venue) => {
  const { marketData } = venues[venue];

  /** Both ways of reading the same frames say the same of each. Returns how many were scanned. */
  function requireSame(frames: readonly Buffer[]): number {
    const parser = createSpeaker(marketData, null);
    const scanner = createSpeaker(marketData, INSTRUMENTS);
    let scanned = 0;
    for (const frame of frames) {
      const { messages, refusal } = parser(frame);
      const said = scanner(frame);
      if (said.scanned) scanned += 1;
      expect({ frame: frame.toString(), messages: said.messages, refusal: said.refusal }).toEqual({
        frame: frame.toString(),
        messages,
        refusal,
      });
    }
    return scanned;
  }

  test('says of every frame what the parser says, and reads most of them without it', () => {
    let frames = 0;
    let scanned = 0;
    fc.assert(
      fc.property(fc.array(FRAMES[venue], { minLength: 1, maxLength: 8 }), (values) => {
        frames += values.length;
        scanned += requireSame(values.map((value) => Buffer.from(JSON.stringify(value))));
      }),
      { numRuns: 600 },
    );
    expect(scanned / frames).toBeGreaterThan(0.5);
  });

  test('says what the parser says of frames cut, flipped, reordered, spaced out or with other numbers and bytes in them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(FRAMES[venue], fc.option(damage)), { minLength: 1, maxLength: 6 }), (values) => {
        requireSame(
          values.map(([value, harm]) => {
            const text = JSON.stringify(value);
            return harm === null ? Buffer.from(text) : damaged(text, harm);
          }),
        );
      }),
      { numRuns: 1_500 },
    );
  });

  test('reads no byte behind the end of a frame, wherever it is cut', () => {
    const scanner = SCANNERS[venue]({ instruments: INSTRUMENTS, emit: () => undefined });
    fc.assert(
      fc.property(FRAMES[venue], (value) => {
        const whole = Buffer.from(JSON.stringify(value));
        for (let length = 0; length <= whole.length; length += 1) {
          const isScanned = scanner.scan(watched(whole.subarray(0, length)));
          if (length < whole.length) expect(isScanned).toBe(false);
        }
      }),
      { numRuns: 30 },
    );
  });
});

/** Bytes that throw when a place that they do not have is read. */
function watched(bytes: Buffer): Uint8Array {
  return new Proxy(bytes, {
    get(target, property) {
      if (typeof property === 'string' && /^-?\d+$/.test(property) && Number(property) >= target.length) {
        throw new Error(`read place ${property} of ${target.length}`);
      }
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
