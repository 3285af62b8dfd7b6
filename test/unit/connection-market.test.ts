import { describe, expect, it } from 'vitest';
import type { MarketControlMessage, Subscription } from '#core/market/market-message.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { createMarketConnection } from '#venues/connection/market-connection.ts';
import type { MarketDataProtocol } from '#venues/venue.ts';
import { createManualClock, settle } from '../support/manual-clock.ts';
import { createMemoryTransport } from '../support/memory-transport.ts';
import { NO_LIMITS } from '../support/no-limits.ts';

const book = (symbol: string): Subscription => ({ channel: 'book', symbol });
const trades = (symbol: string): Subscription => ({ channel: 'trades', symbol });

interface Request {
  readonly id: string;
  readonly kind: 'subscribe' | 'unsubscribe';
  readonly topics: readonly string[];
}

/** A protocol of one line each way, so that what is judged here is the connection alone. */
const protocol: MarketDataProtocol = {
  plan: () => [],
  limits: NO_LIMITS,
  subscribe: (id, subscriptions) => [request(id, 'subscribe', subscriptions)],
  unsubscribe: (id, subscriptions) => [request(id, 'unsubscribe', subscriptions)],
  heartbeat: { intervalMs: 20_000, message: () => 'ping' },
  silenceMs: (subscription) => (subscription.channel === 'book' ? 5_000 : Number.POSITIVE_INFINITY),
  createDecoder: () => () => undefined,
  fetchBook: null,
};

function request(id: string, kind: Request['kind'], subscriptions: readonly Subscription[]) {
  const topics = subscriptions.map((each) => `${each.channel}.${each.symbol}`);
  return { requestId: id, text: JSON.stringify({ id, kind, topics }) };
}

function setUp(subscriptions: readonly Subscription[] = [book('A'), book('B'), trades('A')]) {
  const manual = createManualClock();
  const transport = createMemoryTransport();
  const refused: string[] = [];
  const resubscribed: string[] = [];
  const frames: string[] = [];
  const connection = createMarketConnection({
    name: 'test',
    plan: { name: 'public', url: 'wss://venue.example/public', subscriptions },
    protocol,
    connect: transport.connect,
    clock: manual.clock,
    timers: manual.timers,
    random: seededRandom(3),
    log: () => undefined,
    listener: {
      onFrame(frame) {
        const text = frame.toString();
        frames.push(text);
        if (text.startsWith('{')) connection.control(JSON.parse(text) as MarketControlMessage);
        else connection.heard('book', text);
      },
      onStatus: () => undefined,
      onRefused: (subscription, reason) => refused.push(`${subscription.channel}.${subscription.symbol}: ${reason}`),
      onResubscribe: (subscription) => resubscribed.push(`${subscription.channel}.${subscription.symbol}`),
    },
  });
  let read = 0;
  const requests = (): Request[] => {
    const fresh = transport.latest.sent.slice(read).filter((text) => text !== 'ping');
    read = transport.latest.sent.length;
    return fresh.map((text) => JSON.parse(text) as Request);
  };
  const ack = (id: string, reason: string | null = null): void =>
    transport.latest.deliver(
      JSON.stringify({
        type: 'subscribed',
        requestId: id,
        ok: reason === null,
        ...(reason === null ? {} : { reason }),
      }),
    );
  const open = async (): Promise<void> => {
    await settle();
    read = 0;
    transport.latest.open();
    await settle();
  };
  const goLive = async (): Promise<void> => {
    connection.start();
    await open();
    for (const each of requests()) ack(each.id);
    await settle();
  };
  return { manual, transport, connection, refused, resubscribed, frames, requests, ack, open, goLive };
}

describe('market connection', () => {
  it('is live only after the acknowledgement of its subscriptions', async () => {
    const { connection, requests, ack, open } = setUp();
    connection.start();
    await open();
    const [first] = requests();
    expect(first?.topics).toEqual(['book.A', 'book.B', 'trades.A']);
    expect(connection.status().state).toBe('subscribing');
    ack(first?.id ?? '');
    await settle();
    expect(connection.status().state).toBe('live');
  });

  it('a request that is refused is asked again by halves, so that one bad symbol does not take the others down', async () => {
    const { connection, requests, ack, open, refused } = setUp([book('A'), book('BAD'), book('B')]);
    connection.start();
    await open();
    ack(requests()[0]?.id ?? '', 'Invalid topic: book.BAD');
    for (let index = 0; index < 4; index += 1) {
      await settle();
      const [part] = requests();
      ack(part?.id ?? '', part?.topics.includes('book.BAD') ? 'Invalid topic: book.BAD' : null);
    }
    await settle();
    expect(connection.status().state).toBe('live');
    expect(refused).toEqual(['book.BAD: Invalid topic: book.BAD']);
    expect(connection.wanted()).toEqual([book('A'), book('B')]);
  });

  it('R10, F16, F17: a channel that is mute while its socket pongs and others flow is resubscribed once, then the socket is replaced', async () => {
    const { connection, manual, transport, requests, ack, resubscribed, goLive } = setUp();
    await goLive();
    const pass = async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 1) {
        await manual.advanceAsync(1_000);
        if (transport.latest.state !== 'open') return;
        transport.latest.deliver('A');
        transport.latest.deliver('{"type":"pong"}');
      }
    };
    await pass(5);
    const [unsubscribe] = requests();
    expect(resubscribed).toEqual(['book.B']);
    expect(unsubscribe).toMatchObject({ kind: 'unsubscribe', topics: ['book.B'] });
    ack(unsubscribe?.id ?? '');
    await settle();
    const [subscribe] = requests();
    expect(subscribe).toMatchObject({ kind: 'subscribe', topics: ['book.B'] });
    ack(subscribe?.id ?? '');
    expect(transport.sockets.length).toBe(1);
    await pass(5);
    expect(transport.sockets[0]?.terminated).toBe(true);
    expect(connection.status().reason).toMatch(/^book B silent for/);
    expect(connection.counts.silences).toBe(2);
  });

  it('R10: a channel that is heard again in time stays as it is', async () => {
    const { connection, manual, transport, goLive } = setUp();
    await goLive();
    for (let second = 0; second < 19; second += 1) {
      await manual.advanceAsync(1_000);
      transport.latest.deliver('A');
      transport.latest.deliver('B');
    }
    expect(connection.counts.silences).toBe(0);
    expect(connection.status().state).toBe('live');
  });

  it('F28: a gap brings exactly one resubscription until the book is whole again', async () => {
    const { connection, requests, ack, goLive } = setUp();
    await goLive();
    expect(connection.resubscribe(book('A'), 'gap')).toBe('started');
    expect(connection.resubscribe(book('A'), 'gap')).toBe('already');
    expect(connection.resubscribe(book('B'), 'gap')).toBe('started');
    const asked = requests();
    expect(asked.map((each) => [each.kind, each.topics])).toEqual([
      ['unsubscribe', ['book.A']],
      ['unsubscribe', ['book.B']],
    ]);
    for (const each of asked) ack(each.id);
    await settle();
    expect(connection.resubscribe(book('A'), 'gap')).toBe('already');
    for (const each of requests()) ack(each.id);
    connection.synced(book('A'));
    expect(connection.resubscribe(book('A'), 'another gap')).toBe('started');
    expect(connection.counts.resubscribed).toBe(3);
  });

  it('H4: subscribe and unsubscribe resolve with the confirmation of the venue, and are not wanted after a refusal', async () => {
    const { connection, requests, ack, goLive } = setUp([book('A')]);
    await goLive();
    const added = connection.subscribe([book('C')]);
    ack(requests()[0]?.id ?? '');
    await added;
    expect(connection.wanted()).toEqual([book('A'), book('C')]);
    const refusedOne = connection.subscribe([book('D')]);
    ack(requests()[0]?.id ?? '', 'no such symbol');
    await settle();
    ack(requests()[0]?.id ?? '');
    await expect(refusedOne).rejects.toMatchObject({ code: 'SUBSCRIBE_REFUSED' });
    expect(connection.wanted()).toEqual([book('A'), book('C')]);
    const removed = connection.unsubscribe([book('C')]);
    ack(requests()[0]?.id ?? '');
    await removed;
    expect(connection.wanted()).toEqual([book('A')]);
  });

  it('H4: an unsubscription whose answer is lost is rejected, and may be asked again', async () => {
    const { connection, requests, ack, manual, transport, goLive } = setUp([trades('A')]);
    await goLive();
    const lost = connection.unsubscribe([trades('A')]);
    const rejected = expect(lost).rejects.toMatchObject({ code: 'ACK_MISSING' });
    await manual.advanceAsync(10_000);
    await rejected;
    expect(connection.wanted()).toEqual([]);
    requests();
    const again = connection.unsubscribe([trades('A')]);
    ack(requests()[0]?.id ?? '');
    await again;
    expect(transport.sockets.length).toBe(1);
  });

  it('after a lost link it subscribes anew to what is wanted by then', async () => {
    const { connection, requests, ack, manual, transport, goLive, open } = setUp([book('A')]);
    await goLive();
    const added = connection.subscribe([book('C')]);
    ack(requests()[0]?.id ?? '');
    await added;
    transport.latest.close(1006, 'reset');
    await expect(connection.subscribe([book('D')])).rejects.toMatchObject({ code: 'CONNECTION_NOT_LIVE' });
    expect(connection.resubscribe(book('A'), 'gap')).toBe('notLive');
    await manual.advanceAsync(1_000);
    await open();
    expect(requests()[0]?.topics).toEqual(['book.A', 'book.C']);
  });

  it('a shutdown notice is answered by a reconnection at once', async () => {
    const { transport, goLive } = setUp();
    await goLive();
    transport.latest.deliver('{"type":"notice","notice":"shutdown","text":"we restart"}');
    expect(transport.latest.closeCode).toBe(1000);
    transport.latest.close(1000);
    await settle();
    expect(transport.sockets.length).toBe(2);
  });

  it('every frame is handed over, also those on their way while it stops', async () => {
    const { connection, transport, frames, manual, goLive } = setUp();
    await goLive();
    const before = frames.length;
    const stopped = connection.stop();
    transport.latest.deliver('A');
    transport.latest.deliver('B');
    transport.latest.close(1000);
    await stopped;
    expect(frames.length - before).toBe(2);
    expect(connection.counts.frames).toBe(frames.length);
    expect(manual.pending).toBe(0);
  });
});
