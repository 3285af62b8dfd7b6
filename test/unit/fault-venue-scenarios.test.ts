import { describe, expect, it } from 'vitest';
import type { VenueId } from '#core/market/instrument.ts';
import { main } from '#simulation/fault-venue.ts';
import { parseFaultVenueArguments } from '#simulation/fault-venue-arguments.ts';
import { requestByMessage, requestByRest } from '#simulation/scenarios/request-words.ts';
import { describeScenarios, scenarios } from '#simulation/scenarios/scenarios.ts';

const REQUIRED = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 19, 20, 21, 23, 24, 25, 26].map((number) => `F${number}`),
  ...[1, 2, 3, 4, 5, 6, 10, 11, 12, 13].map((number) => `G${number}`),
];

describe('the scenarios', () => {
  it('name each fault once, and say of each where it is judged or why it is not', () => {
    const ids = scenarios.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(REQUIRED));
    for (const scenario of scenarios) {
      expect([scenario.given, scenario.when, scenario.must].every((text) => text.length > 5)).toBe(true);
      expect('notJudged' in scenario ? scenario.notJudged : scenario.venues.join()).not.toBe('');
    }
  });

  it('are listed without a venue being started', async () => {
    const said: string[] = [];
    const console = {
      say: (line: string) => said.push(line),
      complain: (line: string) => said.push(line),
      commands: null,
      signal: new AbortController().signal,
    };
    expect(await main(['--list'], console)).toBe(0);
    expect(said).toEqual([describeScenarios().join('\n')]);
    expect(said.join('\n')).toMatch(/^F1 {2}given [\s\S]*^G13 given /m);
  });

  it('are chosen on the command line; one that is none is refused with the other faults', () => {
    const chosen = parseFaultVenueArguments(['--venue', 'deribit', '--scenario', 'f6,G1', '--patience', '5']);
    expect(chosen).toMatchObject({ port: 0, score: false, patienceMs: 5_000, scenarios: [{ id: 'F6' }, { id: 'G1' }] });
    expect(parseFaultVenueArguments(['--venue', 'deribit', '--score'])).toMatchObject({ scenarios });
    expect(() => parseFaultVenueArguments(['--scenario', 'F99', '--patience', '0'])).toThrow(
      /--venue[\s\S]*--patience[\s\S]*--scenario F99/,
    );
  });
});

describe('a request in the words of no venue', () => {
  const rest = (venue: VenueId, method: string, path: string, query = '', body = '') =>
    requestByRest(venue, method, path, new URLSearchParams(query), body);

  it.each([
    ['bybit-linear', 'GET', '/v5/order/realtime', 'orderLinkId=a', '', { asked: 'order', ids: ['a'] }],
    ['bybit-linear', 'GET', '/v5/order/realtime', 'category=linear', '', { asked: 'orders', ids: [] }],
    [
      'bybit-spot',
      'POST',
      '/v5/order/create',
      '',
      '{"orderLinkId":"a","reduceOnly":true}',
      { asked: 'place', reduceOnly: true },
    ],
    ['binance-usdm', 'DELETE', '/fapi/v1/order', 'origClientOrderId=a', '', { asked: 'cancel', ids: ['a'] }],
    ['binance-usdm', 'GET', '/fapi/v1/userTrades', 'symbol=BTCUSDT', '', { asked: 'fills', symbols: ['BTCUSDT'] }],
    ['binance-spot', 'GET', '/api/v3/depth', 'symbol=BTCUSDT', '', { asked: 'book' }],
    ['deribit', 'GET', '/api/v2/private/get_open_orders', '', '', { asked: 'orders' }],
    ['alpaca', 'DELETE', '/v2/orders/7', '', '', { asked: 'cancel', ids: ['7'] }],
    ['alpaca', 'GET', '/v2/clock', '', '', { asked: 'other' }],
  ] as const)('%s: %s %s?%s %s', (venue, method, path, query, body, expected) => {
    expect(rest(venue, method, path, query, body)).toMatchObject(expected);
  });

  it.each([
    [
      'bybit-linear',
      '/v5/trade',
      { op: 'order.create', args: [{ orderLinkId: 'a', symbol: 'BTCUSDT' }] },
      { asked: 'place', ids: ['a'] },
    ],
    [
      'bybit-linear',
      '/v5/public/linear',
      { op: 'subscribe', args: ['orderbook.50.BTCUSDT'] },
      { asked: 'subscribeBook' },
    ],
    ['bybit-linear', '/v5/private', { op: 'subscribe', args: ['order'] }, { asked: 'subscribeAccount' }],
    [
      'binance-usdm',
      '/ws-fapi/v1',
      { method: 'order.place', params: { newClientOrderId: 'a', reduceOnly: 'true' } },
      { asked: 'place', reduceOnly: true },
    ],
    [
      'binance-usdm',
      '/public/stream',
      { method: 'SUBSCRIBE', params: ['btcusdt@depth@100ms'] },
      { asked: 'subscribeBook' },
    ],
    ['deribit', '/ws/api/v2', { method: 'private/buy', params: { label: 'a' } }, { asked: 'place', ids: ['a'] }],
    [
      'deribit',
      '/ws/api/v2',
      { method: 'public/subscribe', params: { channels: ['book.BTC-PERPETUAL.raw'] } },
      { asked: 'subscribeBook' },
    ],
    ['alpaca', '/stream', { action: 'listen', data: { streams: ['trade_updates'] } }, { asked: 'subscribeAccount' }],
  ] as const)('%s %s %j', (venue, path, message, expected) => {
    expect(requestByMessage(venue, path, JSON.stringify(message))).toMatchObject(expected);
  });

  it('what is no JSON asks for nothing', () => {
    expect(requestByMessage('deribit', '/ws/api/v2', '{"method":')).toMatchObject({ asked: 'other', ids: [] });
  });
});
