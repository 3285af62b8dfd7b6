/**
 * Faults that happen to the next request or frame they fit, once for each time they were armed. Each is something that real venues did:
 * - `placeTimesOutButAccepted`: the order is taken in, no answer follows (F1).
 * - `placeUnclearButAccepted`: the order is taken in, the answer is the venue's "outcome unknown" error (F2).
 * - `placeCutsLink`: the order is taken in, then the connection is cut without a closing handshake.
 * - `placeNotAcceptedNoAnswer`: the order is not taken in and no answer follows: absence that only a query can show.
 * - `cancelAnswerLost`: the cancel is carried out, no answer follows (F6).
 * - `fillBeforeAck`: reports caused by the next order go out before its acknowledgement (G1).
 * - `acceptedThenRejected`: acknowledged, then rejected or cancelled by the matching engine (G3); nothing rests.
 * - `suppressNextFill`: the next fill's frames are never sent on the private stream (F12).
 * - `suppressNextReport`: the next order report that is no fill is never sent.
 * - `duplicateNextFill`: the next fill's frame is sent twice.
 * - `queryNotFound`: the next query of a known order says that there is none (F4).
 * - `privateStreamExpires`: the private stream's session is ended as the venue ends it (listen key, authentication) at the next look (F15).
 * - `dropPublicFrame`: the next book frame of any symbol is left out, so that the sequence breaks (F28).
 * - `duplicatePublicFrame`: the next public frame is sent twice.
 * - `rateLimited`: the next request is refused for its rate, with a stated wait (F26).
 * - `serverShutdown`: the venue announces that it restarts and then closes every connection.
 */
export const ONE_SHOT_FAULTS = [
  'placeTimesOutButAccepted',
  'placeUnclearButAccepted',
  'placeCutsLink',
  'placeNotAcceptedNoAnswer',
  'cancelAnswerLost',
  'fillBeforeAck',
  'acceptedThenRejected',
  'suppressNextFill',
  'suppressNextReport',
  'duplicateNextFill',
  'queryNotFound',
  'privateStreamExpires',
  'dropPublicFrame',
  'duplicatePublicFrame',
  'rateLimited',
  'serverShutdown',
] as const;
export type OneShotFault = (typeof ONE_SHOT_FAULTS)[number];

/** Which connections a half-open fault mutes. */
export type HalfOpenScope = 'none' | 'market' | 'private' | 'all';

export interface VenueFaults {
  /** Lets `fault` happen the next `times` times. */
  arm(fault: OneShotFault, times?: number): void;
  /** Whether `fault` is due now; takes one of its times. For the protocol servers. */
  take(fault: OneShotFault): boolean;
  /** How often `fault` is still to happen. */
  armed(fault: OneShotFault): number;
  /** How often `fault` has happened. */
  happened(fault: OneShotFault): number;
  /** Public frames of this symbol stop, without a word (F17). Pass null for all symbols. */
  pausePublic(symbol: string | null): void;
  resumePublic(symbol: string | null): void;
  isPublicPaused(symbol: string): boolean;
  /** REST answers 503, websockets are closed and refused, until it is switched off (G8). */
  setMaintenance(on: boolean): void;
  readonly maintenance: boolean;
  /** Connections stay open but nothing more comes from them, no pong either. */
  setHalfOpen(scope: HalfOpenScope): void;
  readonly halfOpen: HalfOpenScope;
  /** Answers to requests on private connections and REST wait so long. */
  setAnswerDelayMs(delayMs: number): void;
  readonly answerDelayMs: number;
  /** The venue's own clock runs so far ahead of the process's (G12). */
  setClockOffsetMs(offsetMs: number): void;
  readonly clockOffsetMs: number;
}

/** The switchboard of one simulated venue. `onMaintenance` and `onArmed` let the servers act at once. */
export function createVenueFaults(hooks: {
  readonly onMaintenance: (on: boolean) => void;
  readonly onArmed?: (fault: OneShotFault) => void;
}): VenueFaults {
  const due = new Map<OneShotFault, number>();
  const done = new Map<OneShotFault, number>();
  const paused = new Set<string>();
  let allPaused = false;
  let maintenance = false;
  let halfOpen: HalfOpenScope = 'none';
  let answerDelayMs = 0;
  let clockOffsetMs = 0;
  return {
    arm(fault, times = 1) {
      due.set(fault, (due.get(fault) ?? 0) + times);
      hooks.onArmed?.(fault);
    },
    take(fault) {
      const left = due.get(fault) ?? 0;
      if (left === 0) return false;
      due.set(fault, left - 1);
      done.set(fault, (done.get(fault) ?? 0) + 1);
      return true;
    },
    armed: (fault) => due.get(fault) ?? 0,
    happened: (fault) => done.get(fault) ?? 0,
    pausePublic(symbol) {
      if (symbol === null) allPaused = true;
      else paused.add(symbol);
    },
    resumePublic(symbol) {
      if (symbol !== null) {
        paused.delete(symbol);
        return;
      }
      allPaused = false;
      paused.clear();
    },
    isPublicPaused: (symbol) => allPaused || paused.has(symbol),
    setMaintenance(on) {
      maintenance = on;
      hooks.onMaintenance(on);
    },
    get maintenance() {
      return maintenance;
    },
    setHalfOpen(scope) {
      halfOpen = scope;
    },
    get halfOpen() {
      return halfOpen;
    },
    setAnswerDelayMs(delayMs) {
      answerDelayMs = delayMs;
    },
    get answerDelayMs() {
      return answerDelayMs;
    },
    setClockOffsetMs(offsetMs) {
      clockOffsetMs = offsetMs;
    },
    get clockOffsetMs() {
      return clockOffsetMs;
    },
  };
}
