import type { Timers } from '#core/time/clock.ts';
import type { Connect } from '#venues/connection/transport.ts';

/** Timers and sockets that can hang: what was waiting then never comes, and what is asked for afterwards does again. */
export interface MortalWorld {
  readonly timers: Timers;
  readonly connect: (connect: Connect) => Connect;
  /** Every timer that is pending is lost, and every socket that is open says nothing more. */
  hang(): void;
}

export function createMortalWorld(inner: Timers): MortalWorld {
  let generation = 0;
  return {
    timers: {
      after(delayMs, run) {
        const own = generation;
        return inner.after(delayMs, () => {
          if (own === generation) run();
        });
      },
    },
    connect: (connect) => (url, listener, options) => {
      const own = generation;
      const lives = () => own === generation;
      return connect(
        url,
        {
          onOpen: () => lives() && listener.onOpen(),
          onRead: () => lives() && listener.onRead?.(),
          onFrame: (frame, isBinary) => lives() && listener.onFrame(frame, isBinary),
          onPong: () => lives() && listener.onPong?.(),
          onClose: (code, reason) => lives() && listener.onClose(code, reason),
        },
        options,
      );
    },
    hang() {
      generation += 1;
    },
  };
}
