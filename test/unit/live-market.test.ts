import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { VenueId } from '#core/market/instrument.ts';
import type { EpochMs } from '#core/time/clock.ts';
import { liveEndpoints } from '#local/start/live-endpoints.ts';
import { openLiveMarket } from '#local/start/live-market.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import { main as faultVenue } from '#simulation/fault-venue.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A venue that somebody started with `npm run fault-venue`, and its addresses as that program prints them. */
async function venueElsewhere(venue: VenueId): Promise<string> {
  const ending = new AbortController();
  const said: string[] = [];
  const ended = faultVenue(['--venue', venue, '--port', '0', '--seed', '3'], {
    say: (line) => said.push(line),
    complain: (line) => said.push(line),
    commands: new PassThrough(),
    signal: ending.signal,
  });
  closers.push(async () => {
    ending.abort();
    await ended;
  });
  while (!said.includes('Ctrl-C ends it.')) await new Promise((done) => setTimeout(done, 2));
  const url = (name: string) => said.map((line) => new RegExp(`^ {2}${name} +(\\S+)$`).exec(line)?.[1]).find(Boolean);
  const [market, account, orders, rest] = ['market', 'account', 'orders', 'rest'].map(url);
  return JSON.stringify({ [venue]: { market, account, orders, rest } });
}

describe('a live market', () => {
  it.each([['binance-usdm'], ['bybit-linear']] as const)(
    '%s: real frames are handed on as they are, and its book is that which orders meet',
    async (venue) => {
      const market = await openLiveMarket(venue, { endpoints: await venueElsewhere(venue), firstPriceMs: 5_000 });
      closers.push(() => market.close());
      expect(market.symbols).toHaveLength(2);
      expect(market.symbols.every((each) => each.price > 0)).toBe(true);
      const clockStart = Date.now() as EpochMs;
      const instruments = market.symbols.map((each) => each.instrument);
      const exchange = createSimulatedExchange({ instruments, source: market.source, clockStart });
      const frames = new Set<string>();
      exchange.listen({
        onMarket: (event) => {
          if (event.kind === 'raw') frames.add(event.channel);
        },
        onAccount: () => undefined,
      });
      const symbol = instruments[0]?.symbol ?? '';
      const deadline = performance.now() + 5_000;
      const known = () => {
        exchange.advanceTo((Date.now() + 1_000) as EpochMs);
        const book = exchange.book(symbol, 5);
        return book.bids.length > 0 && book.asks.length > 0 && frames.has('book') && frames.has('quotes');
      };
      while (!known() && performance.now() < deadline) await new Promise((done) => setTimeout(done, 20));
      expect(known()).toBe(true);
    },
  );

  it('is one clear error with what to do where nobody listens', async () => {
    const nowhere = 'ws://127.0.0.1:9';
    const endpoints = JSON.stringify({
      'bybit-linear': { market: nowhere, account: nowhere, orders: nowhere, rest: 'http://127.0.0.1:9' },
    });
    await expect(openLiveMarket('bybit-linear', { endpoints, firstPriceMs: 2_000 })).rejects.toThrow(
      /^LIVE_MARKET_UNREACHABLE: venue=bybit-linear market=ws:\/\/127\.0\.0\.1:9 .*MILLRACE_LIVE_ENDPOINTS/,
    );
  });

  it('does not wait for ever for a venue that takes a request and never answers, and not at all after Ctrl-C', async () => {
    const server: Server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const { port } = server.address() as AddressInfo;
    const ws = `ws://127.0.0.1:${port}`;
    const endpoints = JSON.stringify({
      'binance-usdm': { market: ws, account: ws, orders: ws, rest: `http://127.0.0.1:${port}` },
    });
    await expect(openLiveMarket('binance-usdm', { endpoints, firstPriceMs: 200 })).rejects.toThrow(
      /LIVE_MARKET_UNREACHABLE.*no answer within 200 ms/,
    );
    const wish = new AbortController();
    const opening = openLiveMarket('binance-usdm', { endpoints, signal: wish.signal });
    wish.abort();
    await expect(opening).rejects.toThrow(/given up/);
  });

  it('R3: addresses that are none are refused, all faults at once', () => {
    expect(() => liveEndpoints('bybit-linear', 'garbage')).toThrow(/LIVE_ENDPOINTS_INVALID[\s\S]*not JSON/);
    expect(() => liveEndpoints('bybit-linear', '{"bybit-linear":{"market":"x","rest":"http://a"},"nyse":{}}')).toThrow(
      /bybit-linear\.market[\s\S]*bybit-linear\.account[\s\S]*nyse/,
    );
    expect(liveEndpoints('bybit-linear', undefined)).toBeNull();
    expect(liveEndpoints('bybit-linear', '{}')).toBeNull();
  });
});
