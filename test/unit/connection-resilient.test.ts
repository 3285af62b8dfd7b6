import { describe, expect, it } from 'vitest';
import { MillraceError } from '#core/errors.ts';
import type { ConnectionStatus } from '#core/orders/venue-ports.ts';
import { seededRandom } from '#core/time/seeded-random.ts';
import { PRIVATE_RECONNECT, RECONNECT_BACKOFF } from '#venues/connection/backoff.ts';
import {
  type ConnectionSession,
  createResilientConnection,
  type ResilientConnectionOptions,
} from '#venues/connection/resilient-connection.ts';
import type { SocketListener } from '#venues/connection/transport.ts';
import { createManualClock, settle } from '../support/manual-clock.ts';
import { createMemoryTransport } from '../support/memory-transport.ts';

function setUp(overrides: Partial<ResilientConnectionOptions> = {}, seed = 1) {
  const manual = createManualClock();
  const transport = createMemoryTransport();
  const states: ConnectionStatus[] = [];
  const frames: string[] = [];
  const ended: [number, string][] = [];
  let onOpen = async (_session: ConnectionSession): Promise<void> => undefined;
  const connection = createResilientConnection({
    name: 'test',
    url: () => 'wss://venue.example/stream',
    connect: transport.connect,
    clock: manual.clock,
    timers: manual.timers,
    random: seededRandom(seed),
    log: () => undefined,
    heartbeat: null,
    silenceMs: null,
    listener: {
      onOpen: (session) => onOpen(session),
      onFrame: (frame, session) => frames.push(`${session.id}:${frame.toString()}`),
      onSessionEnd: (session, reason) => ended.push([session.id, reason]),
      onStatus: (status) => states.push(status),
    },
    ...overrides,
  });
  return {
    manual,
    transport,
    states,
    frames,
    ended,
    connection,
    whenOpened(run: typeof onOpen) {
      onOpen = run;
    },
    async goLive() {
      connection.start();
      await settle();
      transport.latest.open();
      await settle();
    },
  };
}

describe('resilient connection', () => {
  it('is live only after what its opening awaits, and tells each state with its reason', async () => {
    const { connection, states, whenOpened, transport, manual } = setUp();
    let done: () => void = () => undefined;
    whenOpened(async (session) => {
      session.progress('authenticating', 'signing in');
      await new Promise<void>((resolve) => {
        done = resolve;
      });
    });
    connection.start();
    await settle();
    transport.latest.open();
    await settle();
    expect(connection.live()).toBeNull();
    done();
    await settle();
    expect(connection.live()?.id).toBe(1);
    expect(states.map((status) => status.state)).toEqual(['connecting', 'authenticating', 'live']);
    const stopped = connection.stop();
    transport.latest.close(1000);
    await stopped;
    expect(connection.status()).toMatchObject({ state: 'closed', reason: 'stopped' });
    expect(manual.pending).toBe(0);
  });

  it('R2: 30 minutes of maintenance are survived: few attempts, waits that grow, live again by itself', async () => {
    const { connection, manual, transport, goLive } = setUp();
    await goLive();
    transport.latest.close(1001, 'maintenance');
    const began = transport.sockets.length;
    for (let minute = 0; minute < 30; minute += 1) {
      for (let second = 0; second < 60; second += 1) {
        await manual.advanceAsync(1_000);
        if (transport.latest.state === 'connecting') transport.latest.close(1006, 'HTTP 503');
      }
    }
    const attempts = transport.sockets.length - began;
    expect(attempts).toBeGreaterThan(3);
    expect(attempts).toBeLessThan(40);
    expect(connection.status().state).toBe('maintenance');
    let waitedMs = 0;
    while (transport.latest.state !== 'connecting') {
      await manual.advanceAsync(10_000);
      waitedMs += 10_000;
    }
    expect(waitedMs).toBeLessThanOrEqual(RECONNECT_BACKOFF.capMs);
    transport.latest.open();
    await settle();
    expect(connection.live()).not.toBeNull();
  });

  /** The longest time, s, without an attempt while each attempt ends as `fate` says. */
  async function longestWait(
    fate: (set: ReturnType<typeof setUp>) => Promise<void>,
    overrides: Partial<ResilientConnectionOptions>,
  ): Promise<number> {
    const set = setUp(overrides);
    set.connection.start();
    await settle();
    let longest = 0;
    let waited = 0;
    for (let second = 0; second < 3_600; second += 1) {
      if (set.transport.latest.state === 'connecting') {
        longest = Math.max(longest, waited);
        waited = 0;
        await fate(set);
      }
      await set.manual.advanceAsync(1_000);
      waited += 1;
    }
    return longest;
  }

  it('R2, H13: order entry that a network loses every 15 s is there again within seconds, and market data later and later', async () => {
    const livesFor15s = async ({ manual, transport }: ReturnType<typeof setUp>) => {
      transport.latest.open();
      await manual.advanceAsync(15_000);
      transport.latest.close(1006);
    };
    expect(await longestWait(livesFor15s, PRIVATE_RECONNECT)).toBeLessThanOrEqual(2);
    expect(await longestWait(livesFor15s, {})).toBeGreaterThan(60);
  });

  it('R2, H13: order entry comes back within half a minute of a long outage, but no sooner where its keys are refused', async () => {
    const away = async ({ transport }: ReturnType<typeof setUp>) => transport.latest.close(1006);
    const refusing = async ({ transport, whenOpened }: ReturnType<typeof setUp>) => {
      whenOpened(() => Promise.reject(new MillraceError('configuration', 'AUTH_REFUSED', 'code=10003')));
      transport.latest.open();
      await settle();
    };
    expect(await longestWait(away, PRIVATE_RECONNECT)).toBeLessThanOrEqual(31);
    expect(await longestWait(refusing, PRIVATE_RECONNECT)).toBeGreaterThan(120);
  });

  it('R2: two connections that lost the venue together do not retry in step', async () => {
    const at: number[][] = [];
    for (const seed of [1, 2]) {
      const { manual, transport, goLive } = setUp({}, seed);
      await goLive();
      transport.latest.close(1006);
      const attempts: number[] = [];
      let known = transport.sockets.length;
      while (attempts.length < 5) {
        await manual.advanceAsync(50);
        if (transport.sockets.length > known) {
          known = transport.sockets.length;
          attempts.push(manual.clock.monoNanos() / 1e6);
          transport.latest.close(1006);
        }
      }
      at.push(attempts);
    }
    expect(at[0]?.filter((time) => at[1]?.includes(time)).length).toBeLessThanOrEqual(1);
  });

  it('R2: the backoff starts over only after a stable period', async () => {
    const delays: number[] = [];
    const { manual, transport, goLive } = setUp({
      random: { next: () => 0.999 },
      log: (_level, _text, fields) => {
        const wait = /next attempt in (\d+) ms/.exec(String(fields?.reason))?.[1];
        if (wait !== undefined) delays.push(Number(wait));
      },
    });
    await goLive();
    for (const liveMs of [1_000, 1_000, 60_000]) {
      await manual.advanceAsync(liveMs);
      transport.latest.close(1006);
      await manual.advanceAsync(5_000);
      transport.latest.open();
      await settle();
    }
    expect(delays).toEqual([999, 1_998, 999]);
  });

  it('R10: a heartbeat that is not answered ends the connection; one that is answered does not', async () => {
    const { manual, transport, connection, ended, goLive } = setUp({
      heartbeat: { intervalMs: 20_000, answerTimeoutMs: 10_000, message: () => 'ping' },
    });
    await goLive();
    await manual.advanceAsync(20_000);
    expect(transport.latest.sent).toEqual(['ping']);
    connection.pong();
    await manual.advanceAsync(20_000);
    expect(transport.latest.sent).toEqual(['ping', 'ping']);
    expect(connection.live()).not.toBeNull();
    await manual.advanceAsync(10_000);
    expect(transport.sockets[0]?.terminated).toBe(true);
    expect(ended).toEqual([[1, 'heartbeat not answered']]);
  });

  it('R10: silence on a half-open socket is found on the monotonic clock, whatever the wall clock does', async () => {
    const { manual, transport, connection, goLive } = setUp({ silenceMs: 30_000 });
    await goLive();
    manual.stepWall(7_200_000);
    await manual.advanceAsync(20_000);
    transport.latest.deliver('x');
    await manual.advanceAsync(29_000);
    expect(connection.live()).not.toBeNull();
    await manual.advanceAsync(1_000);
    expect(transport.sockets[0]?.terminated).toBe(true);
  });

  it('an opening that fails or never ends closes the socket and waits', async () => {
    const { connection, transport, states, whenOpened, manual } = setUp({ openTimeoutMs: 5_000 });
    whenOpened(async () => {
      throw new Error('AUTH_REFUSED: code=10003');
    });
    connection.start();
    await settle();
    transport.latest.open();
    await settle();
    expect(transport.latest.terminated).toBe(true);
    expect(states.at(-1)?.state).toBe('waiting');
    expect(states.at(-1)?.reason).toMatch(/^AUTH_REFUSED: code=10003; next attempt in/);
    whenOpened(() => new Promise(() => undefined));
    connection.retryNow('new keys');
    await settle();
    transport.latest.open();
    await manual.advanceAsync(5_000);
    expect(transport.latest.terminated).toBe(true);
    expect(connection.status().reason).toMatch(/not live in time/);
  });

  it('T7: stop closes in order: frames on their way are handed over, then it resolves, and nothing is left', async () => {
    const { connection, transport, frames, manual, goLive } = setUp();
    await goLive();
    let resolved = false;
    const stopped = connection.stop().then(() => {
      resolved = true;
    });
    expect(transport.latest.closeCode).toBe(1000);
    transport.latest.deliver('late');
    await settle();
    expect(resolved).toBe(false);
    transport.latest.close(1000);
    await stopped;
    expect(frames).toEqual(['1:late']);
    expect(manual.pending).toBe(0);
    await manual.advanceAsync(3_600_000);
    expect(transport.sockets.length).toBe(1);
  });

  it('T7: a venue that does not answer the close is cut after a bounded time', async () => {
    const { connection, transport, manual, goLive } = setUp({ closeTimeoutMs: 3_000 });
    await goLive();
    const stopped = connection.stop();
    await manual.advanceAsync(3_000);
    await stopped;
    expect(transport.latest.terminated).toBe(true);
  });

  it('a notice or a planned change closes in order and connects at once, without a wait', async () => {
    const { connection, transport, states, manual, goLive } = setUp({ plannedReconnectMs: 86_000_000 });
    await goLive();
    connection.reconnect('venue notice');
    expect(transport.latest.closeCode).toBe(1000);
    transport.latest.close(1000);
    await settle();
    expect(transport.sockets.length).toBe(2);
    expect(states.map((status) => status.state)).not.toContain('waiting');
    transport.latest.open();
    await manual.advanceAsync(86_000_000);
    expect(transport.sockets[1]?.closeCode).toBe(1000);
  });

  it('make before break: the old socket delivers until the new one is live, then closes in order', async () => {
    const { connection, transport, frames, ended, goLive } = setUp();
    await goLive();
    connection.replace('keys changed', 10_000);
    await settle();
    expect(transport.sockets.length).toBe(2);
    transport.sockets[0]?.deliver('old');
    transport.latest.open();
    await settle();
    expect(connection.live()?.id).toBe(2);
    expect(transport.sockets[0]?.closeCode).toBe(1000);
    transport.sockets[0]?.deliver('last');
    transport.sockets[0]?.close(1000);
    expect(frames).toEqual(['1:old', '1:last']);
    expect(ended).toEqual([[1, 'replaced']]);
    expect(connection.live()?.id).toBe(2);
  });

  it('frames that came in with one read are as old as the read; where the transport tells no reads, each is of its own moment', async () => {
    const transport = createMemoryTransport();
    const sockets: SocketListener[] = [];
    const times: number[] = [];
    const { connection, manual } = setUp({
      connect(url, listener, options) {
        sockets.push(listener);
        return transport.connect(url, listener, options);
      },
      listener: {
        onOpen: async () => undefined,
        onFrame: (_frame, _session, receivedAt) => times.push(receivedAt / 1e6),
        onSessionEnd: () => undefined,
        onStatus: () => undefined,
      },
    });
    connection.start();
    await settle();
    const began = manual.clock.monoNanos() / 1e6;
    const frameAfter = async (ms: number): Promise<void> => {
      await manual.advance(ms);
      sockets[0]?.onFrame(Buffer.from('{}'), false);
    };
    transport.latest.open();
    await frameAfter(1);
    await frameAfter(2);
    sockets[0]?.onRead?.();
    await frameAfter(4);
    await frameAfter(8);

    expect(times.map((each) => each - began)).toEqual([1, 3, 3, 3]);
  });

  it('an address that cannot be had counts as a failed attempt', async () => {
    let asked = 0;
    const { connection, transport, manual } = setUp({
      url: async () => {
        asked += 1;
        if (asked === 1) throw new Error('VENUE_REFUSED: no listen key');
        return 'wss://venue.example/key';
      },
    });
    connection.start();
    await settle();
    expect(connection.status().reason).toMatch(/no listen key; next attempt/);
    await manual.advanceAsync(2_000);
    expect(transport.latest.url).toBe('wss://venue.example/key');
  });

  it('a stop during any state resolves and leaves no timer', async () => {
    for (const stage of ['address', 'connecting', 'opening', 'waiting'] as const) {
      const { connection, transport, manual, whenOpened } = setUp(
        stage === 'address' ? { url: () => new Promise(() => undefined) } : {},
      );
      whenOpened(() => new Promise(() => undefined));
      connection.start();
      await settle();
      if (stage === 'opening') transport.latest.open();
      if (stage === 'waiting') transport.latest.close(1006);
      await settle();
      const stopped = connection.stop();
      if (stage === 'opening') transport.latest.close(1000);
      await stopped;
      expect(manual.pending).toBe(0);
      expect(connection.status().state).toBe('closed');
    }
  });
});
