import { describe, expect, it } from 'vitest';
import type { MarketControlMessage, Subscription } from '#core/market/market-message.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import type { Credentials, MarketDataProtocol } from '#venues/venue.ts';
import { createManualClock, settle } from '../support/manual-clock.ts';
import { createMemoryTransport } from '../support/memory-transport.ts';
import { NO_LIMITS } from '../support/no-limits.ts';

const A: Subscription = { channel: 'trades', symbol: 'A' };
const B: Subscription = { channel: 'trades', symbol: 'B' };
const NEWS: Subscription = { channel: 'news', symbol: 'A' };

/** A venue that wants a login and heartbeats first, and answers subscriptions with the list of all of them. */
const protocol: MarketDataProtocol = {
  plan: () => [],
  limits: NO_LIMITS,
  opening: (id, credentials) => [
    ...(credentials === null ? [] : [{ requestId: `${id}-login`, text: `login ${credentials.key}` }]),
    { requestId: `${id}-beat`, text: 'beat' },
  ],
  subscribe(id, subscriptions) {
    return subscriptions.every(({ channel }) => channel === 'news')
      ? []
      : [{ requestId: id, text: `subscribe ${subscriptions.map(({ symbol }) => symbol).join(' ')}` }];
  },
  unsubscribe: (id, subscriptions) => [
    { requestId: id, text: `unsubscribe ${subscriptions.map(({ symbol }) => symbol).join(' ')}` },
  ],
  heartbeat: null,
  silenceMs: () => Number.POSITIVE_INFINITY,
  createDecoder: () => () => undefined,
  fetchBook: null,
};

function setUp(subscriptions: readonly Subscription[] = [A, B]) {
  const manual = createManualClock();
  const transport = createMemoryTransport();
  const refused: string[] = [];
  const logged: string[] = [];
  const keys: { now: Credentials | null } = { now: { key: 'first', secret: 's' } };
  const connection = createMarketConnection({
    name: 'test',
    plan: { name: 'public', url: 'wss://venue.example/public', subscriptions },
    protocol,
    connect: transport.connect,
    clock: manual.clock,
    timers: manual.timers,
    random: seededRandom(3),
    log: (_level, text) => logged.push(text),
    marketCredentials: () => keys.now,
    listener: {
      onFrame: (frame) => connection.control(JSON.parse(frame.toString()) as MarketControlMessage),
      onStatus: () => undefined,
      onRefused: ({ channel, symbol }) => refused.push(`${channel} ${symbol}`),
      onResubscribe: () => undefined,
    },
  });
  const deliver = async (message: MarketControlMessage): Promise<void> => {
    transport.latest.deliver(JSON.stringify(message));
    await settle();
  };
  const open = async (): Promise<void> => {
    await settle();
    transport.latest.open();
    await settle();
  };
  const ack = (requestId: string) => deliver({ type: 'subscribed', requestId, ok: true });
  return { manual, transport, connection, refused, logged, keys, deliver, open, ack };
}

describe('what a market connection begins with', () => {
  it('asks one thing after the other, each answered before the next, and only then subscribes', async () => {
    const { connection, transport, open, ack, deliver } = setUp();
    connection.start();
    await open();
    expect(transport.latest.sent).toEqual(['login first']);
    expect(connection.status().state).toBe('authenticating');
    await ack('1-login');
    expect(transport.latest.sent).toEqual(['login first', 'beat']);
    await ack('1-beat');
    expect(transport.latest.sent.at(-1)).toBe('subscribe A B');
    await deliver({ type: 'subscriptionState', subscriptions: [A, B] });
    expect(connection.status().state).toBe('live');
  });

  it('R1: refused keys leave it waiting with the venue’s reason, and other keys are tried at once', async () => {
    const { connection, transport, open, deliver, keys, manual } = setUp();
    connection.start();
    await open();
    await deliver({ type: 'subscribed', requestId: '1-login', ok: false, reason: 'invalid credentials' });
    expect(connection.status().state).toBe('waiting');
    expect(connection.status().reason).toContain('invalid credentials');
    keys.now = { key: 'second', secret: 's' };
    // Within one look of the watch, however long the backoff has become.
    await manual.advanceAsync(5_000);
    await open();
    expect(transport.latest.sent[0]).toBe('login second');
  });

  it('a list of subscriptions answers the oldest open request: what is missing from it is refused', async () => {
    const { connection, open, ack, deliver, refused } = setUp();
    connection.start();
    await open();
    await ack('1-login');
    await ack('1-beat');
    await deliver({ type: 'subscriptionState', subscriptions: [A] });
    expect(refused).toEqual(['trades B']);
    expect(connection.wanted()).toEqual([A]);
    expect(connection.status().state).toBe('live');
    const removed = connection.unsubscribe([A]);
    const outcome = expect(removed).rejects.toMatchObject({ code: 'UNSUBSCRIBE_REFUSED' });
    await deliver({ type: 'subscriptionState', subscriptions: [A] });
    await outcome;
  });

  it('a list under a request’s name holds that request’s own subscriptions', async () => {
    const { connection, open, ack, deliver, refused } = setUp();
    connection.start();
    await open();
    await ack('1-login');
    await ack('1-beat');
    await deliver({ type: 'subscriptionState', requestId: '2', subscriptions: [A, B] });
    expect(refused).toEqual([]);
    const removed = connection.unsubscribe([A]);
    await deliver({ type: 'subscriptionState', requestId: '3', subscriptions: [A] });
    await expect(removed).resolves.toBeUndefined();
  });

  it('sends a wanted reply back at once, also before it is live', async () => {
    const { connection, transport, open, deliver } = setUp();
    connection.start();
    await open();
    await deliver({ type: 'reply', text: 'still here' });
    expect(transport.latest.sent).toEqual(['login first', 'still here']);
  });

  it('a channel that the venue does not have is refused, and the others go on', async () => {
    const { connection, open, ack, deliver, refused } = setUp([A, NEWS]);
    connection.start();
    await open();
    await ack('1-login');
    await ack('1-beat');
    await deliver({ type: 'subscriptionState', subscriptions: [A] });
    expect(refused).toEqual(['news A']);
    expect(connection.status().state).toBe('live');
  });

  it('F18: a venue that still holds an earlier connection is asked again soon, visibly, and for a bounded time', async () => {
    const { connection, transport, open, deliver, manual, logged } = setUp();
    connection.start();
    let waitedMs = 0;
    let tries = 0;
    while (waitedMs < 120_000) {
      await open();
      tries += 1;
      await deliver({
        type: 'subscribed',
        requestId: `${tries}-login`,
        ok: false,
        reason: '406 connection limit exceeded',
      });
      expect(connection.status()).toMatchObject({ state: 'waiting' });
      expect(connection.status().reason).toMatch(/^waiting for the venue's release of an earlier connection: /);
      const before = transport.sockets.length;
      while (transport.sockets.length === before) {
        await manual.advanceAsync(100);
        waitedMs += 100;
      }
    }
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThan(60);
    expect(logged).not.toContain('the venue has not released an earlier connection');
    await open();
    await deliver({
      type: 'subscribed',
      requestId: `${tries + 1}-login`,
      ok: false,
      reason: '406 connection limit exceeded',
    });
    expect(logged).toContain('the venue has not released an earlier connection');
    await connection.stop();
    expect(manual.pending).toBe(0);
  });

  it('G8: a venue that announces maintenance on an open socket is shown so, is not asked for what it cannot give, and is live again with its data', async () => {
    const { connection, open, ack, deliver, manual, transport } = setUp();
    connection.start();
    await open();
    await ack('1-login');
    await ack('1-beat');
    await deliver({ type: 'subscriptionState', subscriptions: [A, B] });
    await deliver({ type: 'notice', notice: 'maintenance', text: 'platform locked' });
    expect(connection.status()).toMatchObject({ state: 'maintenance', reason: 'platform locked' });
    await deliver({ type: 'notice', notice: 'resumed', text: 'platform open' });
    expect(connection.status().state).toBe('live');
    await deliver({ type: 'notice', notice: 'maintenance', text: 'platform locked' });
    connection.heard('trades', 'A');
    expect(connection.status().state).toBe('live');
    await deliver({ type: 'notice', notice: 'maintenance', text: 'platform locked' });
    const sockets = transport.sockets.length;
    // Not for ever without a look from the outside.
    await manual.advanceAsync(301_000);
    expect(transport.sockets.length).toBeGreaterThan(sockets);
  });
});
