import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Price, Size } from '#core/market/scaled-decimal.ts';
import { systemClock } from '#core/time/system-clock.ts';
import { createSimulatedExchange } from '#simulation/exchange/create-simulated-exchange.ts';
import type { SimulatedExchange } from '#simulation/exchange/simulated-exchange.ts';
import { builtInInstruments } from '#simulation/market-sources/built-in-instruments.ts';
import { createGeneratedMarket } from '#simulation/market-sources/generated-market.ts';
import { createApiKeyRing } from '#simulation/protocol/api-keys.ts';
import type { SimulatedVenue } from '#simulation/protocol/simulated-venue.ts';
import { VENUE_SERVERS } from '#simulation/protocol/venue-servers.ts';
import { type BotWatch, createBotWatch } from '#simulation/scenarios/bot-watch.ts';
import { runScenario } from '#simulation/scenarios/run-scenario.ts';
import type { Verdict } from '#simulation/scenarios/scenario.ts';
import { scenarios } from '#simulation/scenarios/scenarios.ts';

const VENUE = 'bybit-linear';
const ACCOUNT = 'main';
const nowMs = () => performance.now();

describe('bots that are killed and started again', () => {
  let exchange: SimulatedExchange;
  let venue: SimulatedVenue;
  let watch: BotWatch;
  let orders = 0;

  beforeEach(async () => {
    const instruments = builtInInstruments(VENUE).slice(0, 1);
    exchange = createSimulatedExchange({
      instruments,
      source: createGeneratedMarket(instruments, 1),
      clockStart: systemClock.epochMs(),
      settings: {},
    });
    exchange.openAccount(ACCOUNT, new Map([['USDT', '1000000']]), 10);
    exchange.advanceTo(systemClock.epochMs());
    watch = createBotWatch(VENUE, nowMs);
    watch.follow(exchange, ACCOUNT);
    venue = await VENUE_SERVERS[VENUE].create({
      exchange,
      keys: createApiKeyRing([]),
      clock: systemClock,
      host: '127.0.0.1',
      port: 0,
    });
  });
  afterEach(() => venue.close());

  const link = { id: 'c1', kind: 'private', path: '/v5/private' } as const;
  const start = () => watch.traffic.onOpen(link);
  const kill = () => watch.traffic.onClose(link);

  function ask(path: string): void {
    const query = new URLSearchParams('category=linear&symbol=BTCUSDT');
    watch.traffic.onRequest({
      method: 'GET',
      path,
      rawQuery: String(query),
      query,
      body: '',
      headers: {},
      address: '',
    });
  }

  /** A buy that rests below the market, or one that takes. */
  function buy(style: 'rests' | 'takes'): string {
    orders += 1;
    const clientOrderId = `bot-${orders}`;
    const bid = exchange.book('BTCUSDT', 1).bids[0]?.[0] ?? 0;
    watch.traffic.onRequest({
      method: 'POST',
      path: '/v5/order/create',
      rawQuery: '',
      query: new URLSearchParams(),
      body: JSON.stringify({ orderLinkId: clientOrderId, symbol: 'BTCUSDT' }),
      headers: {},
      address: '',
    });
    exchange.place(ACCOUNT, {
      clientOrderId,
      symbol: 'BTCUSDT',
      side: 'buy',
      type: style === 'rests' ? 'limit' : 'market',
      timeInForce: style === 'rests' ? 'postOnly' : 'ioc',
      price: style === 'rests' ? ((bid - 1_000) as Price) : null,
      triggerPrice: null,
      size: 10 as Size,
      reduceOnly: false,
    });
    return clientOrderId;
  }

  /** `before` makes what is given, `after` is what the bot does once it was killed and started again. */
  async function judge(id: string, before: () => void, after: (() => void) | null): Promise<Verdict> {
    const scenario = scenarios.find((each) => each.id === id);
    if (scenario === undefined || 'notJudged' in scenario) throw new Error(`${id} is not judged`);
    expect(scenario.owner).toMatch(/kill -9/);
    start();
    const away = new Promise((resolve) => setTimeout(resolve, 150));
    const verdict = runScenario(
      { ...scenario, watchMs: 800 },
      { venue, exchange, account: ACCOUNT, watch, nowMs },
      {
        patienceMs: 1_000,
        async onStruck() {
          if (after === null) return;
          setTimeout(kill, 20);
          await away;
          setTimeout(() => {
            start();
            after();
          }, 150);
        },
      },
    );
    setTimeout(before, 10);
    return verdict.finally(kill);
  }

  it('F9: a bot that enters beside its old order fails; one that asks first survives; one that nobody restarts is not judged', async () => {
    const rest = () => void buy('rests');
    expect(await judge('F9', rest, rest)).toMatchObject({
      kind: 'failed',
      because: expect.stringMatching(/^entered beside the order that still stood/),
    });
    const asking = () => ask('/v5/order/realtime');
    expect(await judge('F9', rest, asking)).toMatchObject({ kind: 'survived' });
    expect(await judge('F9', rest, null)).toMatchObject({ kind: 'notJudged' });
  });

  it('F5: questions fail when it is back: it fails with an entry beside the order of which it could learn nothing', async () => {
    const rest = () => void buy('rests');
    expect(await judge('F5', rest, rest)).toMatchObject({ kind: 'failed' });
    expect(venue.faults.armed('rateLimited')).toBe(0);
    expect(await judge('F5', rest, () => ask('/v5/order/realtime'))).toMatchObject({ kind: 'survived' });
  });

  it('F7: traded by hand while it was away: it must ask what it holds before it enters', async () => {
    const take = () => void buy('takes');
    expect(await judge('F7', take, take)).toMatchObject({
      kind: 'failed',
      because: expect.stringMatching(/without asking/),
    });
    const before = exchange.fills(ACCOUNT, null).length;
    const good = await judge('F7', take, () => {
      ask('/v5/position/list');
      take();
    });
    expect(good).toMatchObject({ kind: 'survived' });
    // Its own two, and the one by hand.
    expect(exchange.fills(ACCOUNT, null).length).toBeGreaterThanOrEqual(before + 3);
  });
});
