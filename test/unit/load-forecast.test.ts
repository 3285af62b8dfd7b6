import { describe, expect, test } from 'vitest';
import type { FeedConfiguration } from '#core/config/runtime-configuration.ts';
import { EXPECTED_LOAD, type ExpectedConnection, forecastFaults } from '#core/events/load-forecast.ts';
import { VENUES } from '#core/market/instrument.ts';
import { canBeReadApart } from '#core/market/read-apart.ts';
import { marketStreamFaults } from '#engine/stream-forecast.ts';
import { venues } from '#venues/venues.ts';

const SETTINGS = { shards: 4, keysPerConnection: 1, messagesPerSymbol: 40 };

const names = (count: number) => Array.from({ length: count }, (_, index) => `S${index}USDT`);
const connection = (symbols: number, change: Partial<ExpectedConnection> = {}): ExpectedConnection => ({
  feed: 'binance-spot',
  connection: 'public',
  symbols: names(symbols),
  readApart: true,
  ...change,
});
const feed = (symbols: readonly string[], channels: FeedConfiguration['channels']): FeedConfiguration => ({
  name: 'majors',
  venue: 'bybit-linear',
  symbols: [...symbols],
  channels,
});

describe('what the market stream will not carry, told before it is sent', () => {
  test('a connection at 80 % of a shard is named with its feed and with what to set; one below is not', () => {
    const perSymbol = SETTINGS.messagesPerSymbol * EXPECTED_LOAD.bytesPerMessage;
    const most = Math.ceil(800_000 / perSymbol) - 1;
    expect(forecastFaults([connection(most)], SETTINGS)).toEqual([]);
    expect(forecastFaults([connection(most + 1)], SETTINGS)).toEqual([
      `KEY_WILL_BE_HOT: feed=binance-spot connection=public symbols=${most + 1} messagesPerSecond=${(most + 1) * 40} percentOfShard=80: set streams.market.keysPerConnection to 2 or more`,
    ]);
  });

  test('several keys carry what one does not, of connections whose frames may be read apart alone', () => {
    const several = { ...SETTINGS, keysPerConnection: 2 };
    expect(forecastFaults([connection(500)], several)).toEqual([]);
    const [fault] = forecastFaults([connection(500, { readApart: false })], several);
    expect(fault).toContain('percentOfShard=112: divide its symbols among 2 feeds or more');
  });

  test('what is advised is enough', () => {
    for (const symbols of [400, 714, 715, 2_000]) {
      const [fault = ''] = forecastFaults([connection(symbols)], SETTINGS);
      const keysPerConnection = Number(/keysPerConnection to (\d+)/.exec(fault)?.[1]);
      expect(forecastFaults([connection(symbols)], { ...SETTINGS, shards: null, keysPerConnection })).toEqual([]);
    }
  });

  test('a stream that is too small for all feeds together is told of with the shards that it needs', () => {
    const feeds = ['a', 'b', 'c'].map((name) => connection(300, { feed: name }));
    const [fault = '', ...more] = forecastFaults(feeds, { ...SETTINGS, shards: 2 });
    expect(more).toEqual([]);
    expect(fault).toContain('STREAM_WILL_BE_HOT: shards=2 symbols=900 connections=3');
    const shards = Number(/streams\.market\.shards to (\d+)/.exec(fault)?.[1]);
    expect(forecastFaults(feeds, { ...SETTINGS, shards })).toEqual([]);
  });

  test('symbols of a feed that two connections carry count once for the stream', () => {
    const both = [connection(600), connection(600, { connection: 'market' })];
    const several = { ...SETTINGS, keysPerConnection: 4 };
    expect(forecastFaults(both, { ...several, shards: 2 })).toEqual([]);
    expect(forecastFaults(both, { ...several, shards: 1 })).toHaveLength(1);
  });

  test("a configuration is judged by its venues' own plans of connections", () => {
    const tell = (each: FeedConfiguration, keysPerConnection: number) =>
      marketStreamFaults({ feeds: [each] }, venues, { shards: null, keysPerConnection, messagesPerSymbol: 2_000 });
    const symbols = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'ADAUSDT', 'BNBUSDT', 'LTCUSDT', 'DOTUSDT'];
    expect(tell(feed(symbols, ['book', 'trades']), 2)).toEqual([]);
    expect(tell(feed(symbols, ['book', 'trades']), 1)).toEqual([
      'KEY_WILL_BE_HOT: feed=majors connection=public symbols=8 messagesPerSecond=16000 percentOfShard=90: set streams.market.keysPerConnection to 2 or more',
    ]);
    expect(tell(feed(symbols, ['book', 'trades', 'ticker']), 2)).toHaveLength(1);
  });

  test('every venue can be judged', () => {
    for (const venue of VENUES) {
      const feeds = [{ venue, symbols: names(3), channels: ['book' as const, 'trades' as const] }];
      expect(marketStreamFaults({ feeds }, venues, { ...SETTINGS, messagesPerSymbol: 100_000 }), venue).not.toEqual([]);
    }
  });

  test('tickers and quotes keep the frames of their connection together', () => {
    const of = (...channels: Parameters<typeof canBeReadApart>[0][number]['channel'][]) =>
      canBeReadApart(channels.map((channel) => ({ channel })));
    expect(of('book', 'trades', 'liquidations')).toBe(true);
    expect(of('book', 'trades', 'ticker')).toBe(false);
    expect(of('quotes')).toBe(false);
  });
});
