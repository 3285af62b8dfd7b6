import { describe, expect, it } from 'vitest';
import { encodeTradingEvent, parseTradingEvent, type TradingEvent } from '#core/events/trading-event.ts';

const EVENT: TradingEvent = {
  id: 'paper/main/bybit-linear/7/1',
  version: 1,
  type: 'order.denied',
  account: 'main',
  mode: 'paper',
  venue: 'bybit-linear',
  unit: 'paper/main/bybit-linear',
  epoch: 7,
  sequence: 1,
  causationId: null,
  traceId: null,
  configurationHash: 'abc',
  build: 'test',
  time: 1 as never,
  stamps: null,
  body: { clientOrderId: 'p-7-1', lane: 'lane', symbol: 'BTCUSDT', code: 'DATA_TOO_OLD', detail: 'ageMs=200' },
};

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a record of the trading stream', () => {
  it('T1: is read back as it was written', () => {
    expect(parseTradingEvent(encodeTradingEvent(EVENT))).toEqual({ kind: 'event', event: EVENT });
  });

  it('T4: of a version to come is held, not set aside (G14)', () => {
    expect(parseTradingEvent(bytes(JSON.stringify({ ...EVENT, version: 2, type: 'something.new' })))).toEqual({
      kind: 'unknownVersion',
      version: 2,
    });
  });

  it.each([
    ['garbage', bytes('\u0000\u0001 nonsense')],
    ['cut short', encodeTradingEvent(EVENT).subarray(0, 40)],
    ['no UTF-8', new Uint8Array([0xff, 0xfe, 0x7b])],
    ['an unknown type', bytes(JSON.stringify({ ...EVENT, type: 'toString' }))],
    ['a body of another type', bytes(JSON.stringify({ ...EVENT, type: 'fill' }))],
    ['nothing', new Uint8Array()],
  ])('T4: that is %s is malformed, with the reason (G14)', (_what, record) => {
    const parsed = parseTradingEvent(record);
    expect(parsed.kind).toBe('malformed');
    if (parsed.kind === 'malformed') expect(parsed.reason).not.toBe('');
  });
});
