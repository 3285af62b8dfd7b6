import { MillraceError, messageOf } from '#core/errors.ts';
import type { ConnectionStatus } from '#core/orders/venue-ports.ts';
import type { Clock, MonoNanos, Random, Timers } from '#core/time/clock.ts';
import type { VenueLog } from '../venue.ts';
import { type BackoffOptions, createBackoff, RECONNECT_BACKOFF } from './backoff.ts';
import { takeDial } from './dial-schedule.ts';
import { isRefusal, lossKindOf } from './loss-reason.ts';
import { createSessionWatch, type Heartbeat, type SessionWatch } from './session-watch.ts';
import type { Connect, Socket } from './transport.ts';

/** One socket from its opening to its end. Ids count up within a connection. */
export interface ConnectionSession {
  readonly id: number;
  /** Writes at once. Throws `SOCKET_NOT_OPEN`. */
  send(text: string): void;
  /** Shows what the opening is doing. */
  progress(state: 'authenticating' | 'subscribing', reason: string): void;
}

export interface ConnectionListener {
  /** Brings a fresh socket to use: authenticate, subscribe, await the acks. Resolved: live. Rejected: the socket is closed and the backoff goes on. */
  onOpen(session: ConnectionSession): Promise<void>;
  /** Every frame of every session, also while one is being closed. `receivedAt`: when it was read from the network, where the transport knows, else now. */
  onFrame(frame: Buffer, session: ConnectionSession, receivedAt: MonoNanos): void;
  /** The socket is gone; what waited for it will not be answered. Called once for each session. */
  onSessionEnd(session: ConnectionSession, reason: string): void;
  onStatus(status: ConnectionStatus): void;
}

export interface ResilientConnectionOptions {
  /** For logs: `binance-usdm market public`. */
  readonly name: string;
  /** The address, asked anew for each attempt (a listen key may be part of it). */
  readonly url: () => string | Promise<string>;
  readonly connect: Connect;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: VenueLog;
  readonly listener: ConnectionListener;
  /** Its answer is told by `pong()`; that of a ws ping frame is seen here. */
  readonly heartbeat: Heartbeat | null;
  /** Longest time without any frame on a live socket; null: not judged. */
  readonly silenceMs: number | null;
  readonly backoff?: BackoffOptions;
  /** No wait is longer unless the venue has refused us; absent: the backoff's own cap. */
  readonly lossCapMs?: number;
  /** Live for so long: the backoff starts over. */
  readonly stableMs?: number;
  /** From the attempt to `live`. */
  readonly openTimeoutMs?: number;
  /** How long a closing handshake may take. */
  readonly closeTimeoutMs?: number;
  /** Reconnect in order after so long, before the venue cuts the connection; null: never. */
  readonly plannedReconnectMs?: number | null;
}

export interface ResilientConnection {
  start(): void;
  /** Closes in order. Resolves after the close; frames that were on their way are still handed over. */
  stop(): Promise<void>;
  status(): ConnectionStatus;
  /** The session that is live, or null. */
  live(): ConnectionSession | null;
  /** The session whose socket is open, live or on its way there; null without one. */
  session(): ConnectionSession | null;
  /** The venue answered a heartbeat. */
  pong(): void;
  /** Something is wrong with this socket: cut it, then come back by the backoff. */
  fail(reason: string): void;
  /** Leave this socket in order (a notice, a planned change) and open the next at once. */
  reconnect(reason: string): void;
  /** Make before break: open the next at once, close this one when that is live, or after `lingerMs`. Its frames are handed over until then. */
  replace(reason: string, lingerMs: number): void;
  /** Ends a wait of the backoff now (new keys). Nothing happens in any other state. */
  retryNow(reason: string): void;
  /** A number that moves with whatever it does (attempts, frames, looks at a live session); null while it waits for its next attempt. */
  beats(): number | null;
  readonly counts: ConnectionCounts;
}

/** Since the start of the process; for metrics. */
export interface ConnectionCounts {
  attempts: number;
  opened: number;
  lost: number;
  frames: number;
  bytes: number;
}

interface Held {
  readonly session: ConnectionSession;
  readonly socket: Socket;
  readonly watch: SessionWatch;
  opened: boolean;
  ended: boolean;
  closing: string | null;
  /** When the bytes were read that the frames are from; null: the transport does not say. */
  readAt: MonoNanos | null;
}

/** A venue that still holds an earlier connection is asked again within this time, for as long as such a hold may last (Alpaca: 90 s); then the backoff takes over. */
const OCCUPIED_RETRY_MS = 5_000;
const OCCUPIED_FOR_MS = 120_000;

const DEFAULTS = { openTimeoutMs: 15_000, closeTimeoutMs: 3_000, stableMs: 60_000 } as const;

/** A websocket that keeps itself up: states, heartbeats, silence, backoff (R2, R10). At most two sockets exist at a time, and only during `replace`. */
export function createResilientConnection(options: ResilientConnectionOptions): ResilientConnection {
  const { clock, timers, listener, log, name } = options;
  const backoff = createBackoff(options.random, options.backoff ?? RECONNECT_BACKOFF);
  const counts: ConnectionCounts = { attempts: 0, opened: 0, lost: 0, frames: 0, bytes: 0 };
  let status: ConnectionStatus = { state: 'closed', reason: 'not started' };
  let current: Held | null = null;
  let lingering: Held | null = null;
  let running = false;
  let attempt = 0;
  let sessions = 0;
  let cancelWait: (() => void) | null = null;
  let cancelAddress: (() => void) | null = null;
  let stopped: (() => void)[] = [];
  let occupiedSince: number | null = null;
  let looks = 0;
  /** When the next attempt is due. */
  let waitsUntil = 0;

  function setStatus(state: ConnectionStatus['state'], reason: string): void {
    if (status.state === state && status.reason === reason) return;
    status = { state, reason, since: clock.epochMs() };
    log(state === 'waiting' || state === 'maintenance' ? 'warn' : 'info', 'connection state', {
      connection: name,
      state,
      reason,
    });
    listener.onStatus(status);
  }

  function open(reason: string): void {
    cancelWait?.();
    cancelWait = null;
    attempt += 1;
    counts.attempts += 1;
    const mine = attempt;
    setStatus('connecting', reason);
    // The address may need a request of its own; whatever goes wrong there counts as a failed attempt.
    const once = (run: () => void): void => {
      if (mine !== attempt) return;
      cancelAddress?.();
      cancelAddress = null;
      if (running) run();
    };
    cancelAddress?.();
    cancelAddress = timers.after(options.openTimeoutMs ?? DEFAULTS.openTimeoutMs, () =>
      once(() => {
        attempt += 1;
        wait('no address in time');
      }),
    );
    (async () => options.url())().then(
      (url) => once(() => dialInTurn(url)),
      (error: unknown) => once(() => wait(messageOf(error), isRefusal(error))),
    );
  }

  function dialInTurn(url: string): void {
    const waitMs = takeDial(clock, url);
    if (waitMs === 0) {
      dial(url);
      return;
    }
    setStatus('waiting', `the venue's limit of new connections; next attempt in ${Math.ceil(waitMs)} ms`);
    waitsUntil = clock.monoNanos() + waitMs * 1e6;
    cancelWait = timers.after(waitMs, () => {
      cancelWait = null;
      dialInTurn(url);
    });
  }

  function dial(url: string): void {
    sessions += 1;
    const id = sessions;
    let held: Held | null = null;
    const session: ConnectionSession = {
      id,
      send(text) {
        if (held === null || held.ended) throw new MillraceError('retryable', 'SOCKET_NOT_OPEN', `session=${id}`);
        held.socket.send(text);
      },
      progress(state, reason) {
        if (held !== null && held === current && status.state !== 'live') setStatus(state, reason);
      },
    };
    let socket: Socket;
    try {
      socket = options.connect(url, {
        onOpen: () => held !== null && onOpen(held),
        onRead() {
          if (held !== null) held.readAt = clock.monoNanos();
        },
        onFrame: (frame) => held !== null && onFrame(held, frame),
        onPong: () => held?.watch.pong(),
        onClose: (code, reason) => held !== null && onClose(held, code, reason),
      });
    } catch (error) {
      wait(messageOf(error));
      return;
    }
    const watch = createSessionWatch(
      clock,
      timers,
      (reason) => cut(opening, reason),
      () => {
        looks += 1;
      },
    );
    const opening: Held = { session, socket, watch, opened: false, ended: false, closing: null, readAt: null };
    held = opening;
    current = opening;
    watch.later(options.openTimeoutMs ?? DEFAULTS.openTimeoutMs, () => {
      if (opening === current && status.state !== 'live') cut(opening, `not live in time, stuck at ${status.state}`);
    });
  }

  function onOpen(held: Held): void {
    if (held.ended || held.closing !== null) return;
    held.opened = true;
    held.watch.heard(clock.monoNanos());
    counts.opened += 1;
    (async () => listener.onOpen(held.session))().then(
      () => {
        if (!held.ended && held === current && held.closing === null) becomeLive(held);
      },
      (error: unknown) => {
        if (!held.ended && held.closing === null) cut(held, messageOf(error), isRefusal(error));
      },
    );
  }

  function becomeLive(held: Held): void {
    occupiedSince = null;
    setStatus('live', 'open');
    if (lingering !== null) closeInOrder(lingering, 'replaced');
    held.watch.later(options.stableMs ?? DEFAULTS.stableMs, () => backoff.reset());
    // Spread over a tenth of the period, so that connections that began together do not change together.
    const planned = (options.plannedReconnectMs ?? 0) * (1 - options.random.next() / 10);
    if (planned > 0) held.watch.later(planned, () => reconnect('planned'));
    held.watch.judge(held.socket, options.heartbeat, options.silenceMs);
  }

  function onFrame(held: Held, frame: Buffer): void {
    if (held.ended) return;
    const receivedAt = held.readAt ?? clock.monoNanos();
    held.watch.heard(receivedAt);
    counts.frames += 1;
    counts.bytes += frame.length;
    listener.onFrame(frame, held.session, receivedAt);
  }

  function onClose(held: Held, code: number, reason: string): void {
    const why = held.closing ?? (reason === '' ? `closed by the venue, code ${code}` : `${reason}, code ${code}`);
    end(held, why);
  }

  /** The one place where a session ends. */
  function end(held: Held, reason: string, refused = false): void {
    if (held.ended) return;
    held.ended = true;
    held.watch.end();
    const wasCurrent = held === current;
    if (wasCurrent) current = null;
    if (held === lingering) lingering = null;
    listener.onSessionEnd(held.session, reason);
    if (!running) {
      finishStopping();
    } else if (wasCurrent) {
      counts.lost += 1;
      if (held.opened && held.closing !== null) open(held.closing);
      else wait(reason, refused);
    }
  }

  /** Cuts a socket that is of no more use; its end is told at once, whatever the network does. */
  function cut(held: Held, reason: string, refused = false): void {
    held.closing = null;
    end(held, reason, refused);
    held.socket.terminate();
  }

  function closeInOrder(held: Held, reason: string): void {
    if (held.ended || held.closing !== null) return;
    held.closing = reason;
    held.watch.relax();
    if (!held.opened) {
      end(held, reason);
      held.socket.terminate();
      return;
    }
    held.socket.close(1000, '');
    held.watch.later(options.closeTimeoutMs ?? DEFAULTS.closeTimeoutMs, () => {
      end(held, reason);
      held.socket.terminate();
    });
  }

  function wait(reason: string, refused = false): void {
    if (!running) return;
    const kind = lossKindOf(reason);
    const delayMs =
      kind === 'occupied' ? occupiedDelayMs() : backoff.nextDelayMs(refused ? undefined : options.lossCapMs);
    const held = kind === 'occupied' ? "waiting for the venue's release of an earlier connection: " : '';
    setStatus(
      kind === 'maintenance' ? 'maintenance' : 'waiting',
      `${held}${reason}; next attempt in ${Math.ceil(delayMs)} ms`,
    );
    waitsUntil = clock.monoNanos() + delayMs * 1e6;
    cancelWait = timers.after(delayMs, () => {
      cancelWait = null;
      open('after a wait');
    });
  }

  /** Soon, and again, while the venue may still hold a connection that is gone; past that time it is a fault like any other. */
  function occupiedDelayMs(): number {
    occupiedSince ??= clock.monoNanos();
    const waitedMs = (clock.monoNanos() - occupiedSince) / 1e6;
    if (waitedMs < OCCUPIED_FOR_MS) return (OCCUPIED_RETRY_MS * (1 + options.random.next())) / 2;
    log('error', 'the venue has not released an earlier connection', { connection: name, waitedMs });
    return backoff.nextDelayMs();
  }

  function reconnect(reason: string): void {
    if (!running) return;
    if (current !== null) {
      setStatus('connecting', reason);
      closeInOrder(current, reason);
    } else if (cancelWait !== null) {
      open(reason);
    }
  }

  function finishStopping(): void {
    if (current !== null || lingering !== null) return;
    setStatus('closed', 'stopped');
    const resolve = stopped;
    stopped = [];
    for (const done of resolve) done();
  }

  return {
    counts,
    start() {
      if (running) return;
      running = true;
      open('start');
    },
    stop() {
      return new Promise((resolve) => {
        stopped.push(resolve);
        running = false;
        attempt += 1;
        cancelWait?.();
        cancelWait = null;
        cancelAddress?.();
        cancelAddress = null;
        if (lingering !== null) closeInOrder(lingering, 'stopping');
        if (current !== null) closeInOrder(current, 'stopping');
        finishStopping();
      });
    },
    status: () => status,
    beats: () =>
      !running || (cancelWait !== null && clock.monoNanos() < waitsUntil)
        ? null
        : looks + counts.attempts + counts.opened + counts.lost + counts.frames,
    live: () => (current !== null && status.state === 'live' && current.closing === null ? current.session : null),
    session: () => (current?.opened === true ? current.session : null),
    pong() {
      current?.watch.pong();
    },
    fail(reason) {
      if (running && current !== null) cut(current, reason);
    },
    reconnect,
    replace(reason, lingerMs) {
      if (!running || current === null || status.state !== 'live') {
        reconnect(reason);
        return;
      }
      if (lingering !== null) closeInOrder(lingering, 'replaced again');
      const old = current;
      lingering = old;
      current = null;
      old.watch.later(lingerMs, () => closeInOrder(old, 'replaced'));
      open(reason);
    },
    retryNow(reason) {
      if (running && cancelWait !== null) open(reason);
    },
  };
}
