import { describe, expect, it } from 'vitest';
import type { MarketMessage, Subscription } from '#core/market/market-message.ts';
import { createDeribitDecoder } from '#venues/deribit/market-data.ts';
import { deribit } from '#venues/deribit/venue.ts';
import { INVERSE_BTC } from '../support/deribit-world.ts';
import { createManualClock } from '../support/manual-clock.ts';

const TIME = 1_765_531_356_452;
const { marketData } = deribit;

function notification(channel: string, data: unknown): unknown {
  return { jsonrpc: '2.0', method: 'subscription', params: { channel, data } };
}

function decodeAll(...frames: unknown[]): MarketMessage[] {
  const decode = createDeribitDecoder();
  const messages: MarketMessage[] = [];
  for (const frame of frames) {
    decode(Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame)), (message) => messages.push(message));
  }
  return messages;
}

function channelsOf(subscriptions: readonly Subscription[], loggedIn: boolean): string[] {
  const [request] = marketData.subscribe('7', subscriptions, loggedIn);
  const { method, params } = JSON.parse(request?.text ?? '{}');
  expect(method).toBe('public/subscribe');
  return params.channels;
}

const trade = {
  trade_seq: 1,
  trade_id: '403691824',
  timestamp: TIME,
  price: 92294.5,
  amount: 10.0,
  direction: 'sell',
  instrument_name: 'BTC-PERPETUAL',
};

describe('Deribit market data', () => {
  it('asks for each change only where the connection has logged in, else every 100 ms', () => {
    const wanted = (['book', 'trades', 'quotes', 'ticker', 'candles', 'liquidations', 'status'] as const).map(
      (channel) => ({
        channel,
        symbol: 'BTC_USDC-PERPETUAL',
      }),
    );
    expect(channelsOf(wanted, true)).toEqual([
      'book.BTC_USDC-PERPETUAL.raw',
      'trades.BTC_USDC-PERPETUAL.raw',
      'quote.BTC_USDC-PERPETUAL',
      'ticker.BTC_USDC-PERPETUAL.raw',
      'chart.trades.BTC_USDC-PERPETUAL.1',
      'trades.BTC_USDC-PERPETUAL.agg2',
      'platform_state',
      'instrument.state.future.USDC',
    ]);
    expect(channelsOf(wanted, false)).not.toContainEqual(expect.stringMatching(/raw$/));
  });

  it('a channel that the venue lacks is refused; many are split over requests; what is shared is never given up', () => {
    expect(() => marketData.subscribe('1', [{ channel: 'news', symbol: 'BTC-PERPETUAL' }])).toThrow(
      /CHANNEL_UNSUPPORTED/,
    );
    const many = Array.from({ length: 250 }, (_, index) => ({ channel: 'book' as const, symbol: `S${index}` }));
    const ids = marketData.subscribe('1', many).map((request) => request.requestId);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
    expect(marketData.unsubscribe('2', [{ channel: 'status', symbol: 'BTC-PERPETUAL' }])).toEqual([]);
  });

  it('opens with a signature that shows no secret, and a wish for heartbeats; without keys with the wish alone', () => {
    const { clock } = createManualClock(TIME);
    const requests = marketData.opening?.('1', { key: 'id', secret: 'the-secret' }, clock) ?? [];
    expect(requests.map(({ text }) => JSON.parse(text).method)).toEqual(['public/auth', 'public/set_heartbeat']);
    expect(JSON.stringify(requests)).not.toContain('the-secret');
    expect(marketData.opening?.('1', null, clock)).toHaveLength(1);
  });

  it('an answer is compared as a set: in any order, whole or refused with what it holds', () => {
    const subscriptions = (['book', 'trades'] as const).map((channel) => ({ channel, symbol: 'BTC-PERPETUAL' }));
    const [request] = marketData.subscribe('1', subscriptions);
    const id = request?.requestId;
    const both = ['trades.BTC-PERPETUAL.100ms', 'book.BTC-PERPETUAL.100ms'];
    expect(decodeAll({ jsonrpc: '2.0', id, result: both })).toEqual([{ type: 'subscribed', requestId: id, ok: true }]);
    for (const result of [
      both.slice(1),
      [],
      [...both.slice(1), 'quote.BTC-PERPETUAL'],
      [...both, 'quote.BTC-PERPETUAL'],
    ]) {
      expect(decodeAll({ jsonrpc: '2.0', id, result })).toMatchObject([
        { type: 'subscribed', requestId: id, ok: false },
      ]);
    }
    const error = { code: 13778, message: 'raw_subscriptions_not_available_for_unauthorized' };
    expect(decodeAll({ jsonrpc: '2.0', id, error })).toMatchObject([
      { ok: false, reason: expect.stringContaining('13778') },
    ]);
  });

  it('R10: a test request wants its answer at once; a heartbeat is a sign of life', () => {
    const beat = (type: string) => ({ jsonrpc: '2.0', method: 'heartbeat', params: { type } });
    const [reply, pong] = decodeAll(beat('test_request'), beat('heartbeat'));
    expect(reply).toMatchObject({ type: 'reply' });
    expect(JSON.parse(reply?.type === 'reply' ? reply.text : '')).toMatchObject({ method: 'public/test' });
    expect(pong).toEqual({ type: 'pong' });
  });

  it('numbers keep the digits that the venue wrote', () => {
    const frame = `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.BTC-PERPETUAL.raw","data":[{"trade_id":"1","timestamp":${TIME},"price":92294.50,"amount":0.1000000000000000055,"direction":"buy","instrument_name":"BTC-PERPETUAL"}]}}`;
    expect(decodeAll(frame)).toMatchObject([{ type: 'trade', price: '92294.50', size: '0.1000000000000000055' }]);
  });

  it.each([
    ['T', 'sell'],
    ['M', 'buy'],
    ['MT', 'sell'],
  ])('a trade marked %s is told with the liquidation of the side that was liquidated (%s)', (mark, side) => {
    const frame = notification('trades.BTC-PERPETUAL.raw', [{ ...trade, liquidation: mark }]);
    expect(decodeAll(frame)).toMatchObject([
      { type: 'trade', side: 'sell' },
      { type: 'liquidation', id: '403691824', side, size: '10' },
    ]);
    const apart = notification('trades.BTC-PERPETUAL.agg2', [trade, { ...trade, liquidation: mark }]);
    expect(decodeAll(apart).map((each) => each.type)).toEqual(['liquidation']);
  });

  it('a candle is closed when the next begins; sizes of inverse contracts are counted in quote currency', () => {
    const candle = (tick: number, close: number) =>
      notification('chart.trades.BTC-PERPETUAL.1', { tick, open: 1, high: 2, low: 1, close, volume: 0.5, cost: 30 });
    expect(decodeAll(candle(60_000, 1.5), candle(60_000, 2), candle(120_000, 1))).toMatchObject([
      { type: 'candle', openTime: 60_000, closed: false, volume: '30' },
      { openTime: 60_000, close: '2', closed: false },
      { openTime: 60_000, close: '2', closed: true, exchangeTime: 120_000 },
      { openTime: 120_000, closed: false },
    ]);
    const linear = notification('chart.trades.BTC_USDC-PERPETUAL.1', {
      tick: 60_000,
      open: 1,
      high: 2,
      low: 1,
      close: 1,
      volume: 0.5,
      cost: 30,
    });
    expect(decodeAll(linear)).toMatchObject([{ volume: '0.5' }]);
  });

  it('G8: maintenance stops all, a locked index its perpetual, an instrument its own', () => {
    expect(
      decodeAll(
        notification('platform_state', { maintenance: true }),
        notification('platform_state', { maintenance: false }),
        notification('platform_state', { price_index: 'sol_usdc', locked: true }),
        notification('platform_state', { price_index: 'btc_usd', locked: false }),
        notification('instrument.state.future.BTC', {
          timestamp: TIME,
          instrument_name: 'BTC-27JUN25',
          state: 'closed',
        }),
      ),
    ).toMatchObject([
      { type: 'tradingStatus', symbol: null, trading: false },
      { type: 'notice', notice: 'maintenance' },
      { type: 'tradingStatus', symbol: null, trading: true },
      { type: 'notice', notice: 'resumed' },
      { type: 'tradingStatus', symbol: 'SOL_USDC-PERPETUAL', trading: false },
      { type: 'tradingStatus', symbol: 'BTC-PERPETUAL', trading: true },
      { type: 'tradingStatus', symbol: 'BTC-27JUN25', trading: false, reason: 'closed' },
    ]);
  });

  it('what is unknown says nothing, what is broken is refused', () => {
    expect(decodeAll(notification('deribit_price_index.btc_usd', { price: 1 }))).toEqual([]);
    expect(decodeAll(notification('book.BTC-PERPETUAL.none.10.100ms', { bids: [[1, 2]], asks: [] }))).toEqual([]);
    for (const data of [{ bids: 1 }, { ...trade, change_id: -1 }, null]) {
      expect(() => decodeAll(notification('book.BTC-PERPETUAL.raw', data))).toThrow(/FRAME_INVALID/);
    }
    expect(() => decodeAll(notification('trades.BTC-PERPETUAL.raw', [{ ...trade, direction: 'zero' }]))).toThrow(
      /direction/,
    );
    expect(() => decodeAll('{"jsonrpc":"2.0"}')).toThrow(/FRAME_INVALID/);
  });

  it('S3: a login is renewed on its connection before it expires; refused, the connection is replaced', () => {
    const messages: MarketMessage[] = [];
    const decode = createDeribitDecoder();
    const answer = (id: string, more: object, seconds: number): readonly MarketMessage[] => {
      messages.length = 0;
      decode(
        Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, ...more, usOut: 1_700_000_000_000_000 + seconds * 1e6 })),
        (each) => messages.push(each),
      );
      return [...messages];
    };
    const grant = (token: string) => ({ result: { access_token: 'a', refresh_token: token, expires_in: 900 } });
    expect(answer('1-auth', grant('first'), 0)).toMatchObject([{ type: 'subscribed', requestId: '1-auth', ok: true }]);
    expect(answer('test', { result: { version: '1' } }, 700).map(({ type }) => type)).toEqual(['pong']);
    const [reply] = answer('test', { result: { version: '1' } }, 721);
    if (reply?.type !== 'reply') throw new Error('no renewal');
    expect(JSON.parse(reply.text)).toMatchObject({
      method: 'public/auth',
      params: { grant_type: 'refresh_token', refresh_token: 'first' },
    });
    expect(answer('test', { result: { version: '1' } }, 722).map(({ type }) => type)).toEqual(['pong']);
    const id = JSON.parse(reply.text).id;
    expect(answer(id, grant('second'), 723).map(({ type }) => type)).toEqual(['pong']);
    expect(answer('test', { result: { version: '1' } }, 1_444)[0]).toMatchObject({ type: 'reply' });
    const refused = answer(id, { error: { code: 13009, message: 'unauthorized' } }, 1_445);
    expect(refused[0]).toMatchObject({ type: 'notice', notice: 'shutdown' });
  });

  it('S3: the tokens of a login are never published', () => {
    const frame = Buffer.from(
      '{"id":"1-auth","result":{"access_token":"abc.1","expires_in":900,"refresh_token": "def.2"}}',
    );
    const kept = marketData.publishable?.(frame).toString() ?? '';
    expect(kept).not.toMatch(/abc|def/);
    expect(JSON.parse(kept)).toMatchObject({ id: '1-auth', result: { expires_in: 900 } });
    const other = Buffer.from(JSON.stringify(notification('trades.BTC-PERPETUAL.raw', [])));
    expect(marketData.publishable?.(other)).toBe(other);
  });

  it('F25: a liquidation that comes by two channels is told once', () => {
    const decode = createDeribitDecoder();
    const types: string[] = [];
    for (const channel of ['trades.BTC-PERPETUAL.raw', 'trades.BTC-PERPETUAL.agg2'])
      decode(Buffer.from(JSON.stringify(notification(channel, [{ ...trade, liquidation: 'T' }]))), (each) =>
        types.push(each.type),
      );
    expect(types).toEqual(['trade', 'liquidation']);
  });

  it('G8: a locked index stops its dated contracts as well, and no others', () => {
    const known = ['BTC-PERPETUAL', 'BTC-27JUN25'].map((symbol) => ({ ...INVERSE_BTC, symbol }));
    const eth = { ...INVERSE_BTC, symbol: 'ETH-PERPETUAL', baseCurrency: 'ETH' };
    const instruments = new Map([...known, eth].map((each) => [each.symbol, each]));
    const stopped: (string | null)[] = [];
    createDeribitDecoder({ instruments, emit: () => undefined })(
      Buffer.from(JSON.stringify(notification('platform_state', { price_index: 'btc_usd', locked: true }))),
      (each) => each.type === 'tradingStatus' && !each.trading && stopped.push(each.symbol),
    );
    expect(stopped).toEqual(['BTC-PERPETUAL', 'BTC-27JUN25']);
  });
});
