import { messageOf } from '#core/errors.ts';
import type { Clock, MonoNanos, Timers } from '#core/time/clock.ts';
import type { Socket } from './transport.ts';

/** What to send and how often. A null message is a ws ping frame. */
export interface Heartbeat {
  readonly intervalMs: number;
  /** The answer must come before this; never later than the next heartbeat. */
  readonly answerTimeoutMs?: number;
  message(): string | null;
}

/** Timers, heartbeats and silence of one session; all of it ends with `end`. */
export interface SessionWatch {
  /** A timer that dies with the session. */
  later(delayMs: number, run: () => void): void;
  /** A frame came, or the opening was answered. */
  heard(at: MonoNanos): void;
  pong(): void;
  /** Begins to judge: from `live` on. */
  judge(socket: Socket, heartbeat: Heartbeat | null, silenceMs: number | null): void;
  /** Nothing is judged any more: the session is closing. */
  relax(): void;
  end(): void;
}

const ANSWER_TIMEOUT_MS = 10_000;

/** `onDead` is told why the session is of no more use; all on the monotonic clock (R5, R10). `onLook`: it has looked after the session once more. */
export function createSessionWatch(
  clock: Clock,
  timers: Timers,
  onDead: (reason: string) => void,
  onLook: () => void = () => undefined,
): SessionWatch {
  const cancels = new Set<() => void>();
  let ended = false;
  let relaxed = false;
  let pongDue = false;
  let heardAt = clock.monoNanos();

  function later(delayMs: number, run: () => void): void {
    if (ended) return;
    const cancel = timers.after(delayMs, () => {
      cancels.delete(cancel);
      if (!ended) run();
    });
    cancels.add(cancel);
  }

  function beat(socket: Socket, heartbeat: Heartbeat): void {
    later(heartbeat.intervalMs, () => {
      onLook();
      if (relaxed) return;
      pongDue = true;
      try {
        const message = heartbeat.message();
        if (message === null) socket.ping?.();
        else socket.send(message);
      } catch (error) {
        onDead(messageOf(error));
        return;
      }
      later(Math.min(heartbeat.answerTimeoutMs ?? ANSWER_TIMEOUT_MS, heartbeat.intervalMs), () => {
        if (pongDue && !relaxed) onDead('heartbeat not answered');
      });
      beat(socket, heartbeat);
    });
  }

  function watchSilence(silenceMs: number): void {
    onLook();
    if (relaxed) return;
    const quietMs = (clock.monoNanos() - heardAt) / 1e6;
    if (quietMs >= silenceMs) onDead(`no frame for ${Math.round(quietMs)} ms`);
    else later(silenceMs - quietMs, () => watchSilence(silenceMs));
  }

  return {
    later,
    heard(at) {
      heardAt = at;
    },
    pong() {
      pongDue = false;
    },
    judge(socket, heartbeat, silenceMs) {
      if (heartbeat !== null) beat(socket, heartbeat);
      if (silenceMs !== null) watchSilence(silenceMs);
    },
    relax() {
      relaxed = true;
    },
    end() {
      ended = true;
      for (const cancel of cancels) cancel();
      cancels.clear();
    },
  };
}
