import type { VenueSession } from './venue-session.ts';

/** Heartbeats that clients asked for: every interval the venue asks for a sign of life, and who gives none by the next is cut off. */
export interface DeribitHeartbeats {
  set(session: VenueSession, intervalMs: number): void;
  disable(session: VenueSession): void;
  /** The client has answered (`public/test`). */
  answered(session: VenueSession): void;
  forget(session: VenueSession): void;
  close(): void;
}

const HEARTBEAT = JSON.stringify({ jsonrpc: '2.0', method: 'heartbeat', params: { type: 'heartbeat' } });
const TEST_REQUEST = JSON.stringify({ jsonrpc: '2.0', method: 'heartbeat', params: { type: 'test_request' } });

export function createDeribitHeartbeats(): DeribitHeartbeats {
  const running = new Map<VenueSession, { readonly timer: NodeJS.Timeout; open: boolean }>();

  function disable(session: VenueSession): void {
    clearInterval(running.get(session)?.timer);
    running.delete(session);
  }

  return {
    set(session, intervalMs) {
      disable(session);
      const timer = setInterval(() => {
        const state = running.get(session);
        if (state === undefined) return;
        if (state.open) {
          session.close(1000, 'no answer to a test request');
          return;
        }
        state.open = true;
        session.sendData(HEARTBEAT);
        session.sendData(TEST_REQUEST);
      }, intervalMs);
      running.set(session, { timer, open: false });
    },
    disable,
    answered(session) {
      const state = running.get(session);
      if (state !== undefined) state.open = false;
    },
    forget: disable,
    close() {
      for (const { timer } of running.values()) clearInterval(timer);
      running.clear();
    },
  };
}
