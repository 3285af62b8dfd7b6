/**
 * Faults that happen to the next request or frame they fit, once for each time they were armed. Each is something that real venues did:
 * - `placeTimesOutButAccepted`: the order is taken in, no answer follows (F1).
 * - `placeUnclearButAccepted`: the order is taken in, the answer is the venue's "outcome unknown" error (F2).
 * - `placeCutsLink`: the order is taken in, then the connection is cut without a closing handshake.
 * - `placeNotAcceptedNoAnswer`: the order is not taken in and no answer follows: absence that only a query can show.
 * - `cancelAnswerLost`: the cancel is carried out, no answer follows (F6).
 * - `cancelLost`: the cancel is lost on its way: it is not carried out, no answer follows (F6).
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
 * - `connectionLifeEnds`: every connection has reached the age at which the venue closes it, and is closed without a word (F16).
 * - `snapshotBehindStream`: the next whole book by REST is older than what the stream has told since the client subscribed.
 * - `bookServiceRestarts`: the next change of a book comes as a whole book with update number 1, from which the numbers go on (Bybit).
 * - `unsubscribeRefused`: the next unsubscription from public data is refused, and what was subscribed goes on (G5; Binance, Bybit, Deribit).
 * - `unsubscribeLost`: the next one is neither carried out nor answered (G5; the same).
 * - `filledTwice`: the next order that is filled is reported filled twice, the second time as the cancel that came too late tells it (Bybit).
 * - `dataBeforeAck`: the data of the next public subscription comes before its acknowledgement (Bybit).
 * - `otherPong`: the next ping is answered in another of the shapes that the venue's streams have (Bybit).
 * - `addressBanned`: the next REST request and all others for ten minutes are answered with HTTP 403 (Bybit).
 * - `orderServiceRestarts`: the next order request by websocket is refused, for the service restarts (Bybit 10019).
 * - `serverShutdown`: the venue announces that it restarts and then closes every connection.
 * - `slowClient`: every market-data connection is told that it reads too slowly, and cut (Alpaca 407).
 * - `newsUpdate`: the last news item is told again, changed, under the same id (Alpaca).
 * - `replaceRace`: the next replacement of an order is acknowledged and comes too late: the new order is rejected, the old one goes on (Alpaca).
 * - `tradingHalt`: every symbol is halted and resumed, as the status channel tells it (Alpaca).
 * - `earlyClose`: the session ends now: day orders expire, the others are done for the day, until the market is opened again (Alpaca).
 * - `missingChannel`: the answer to the next subscription leaves out one of the channels, which is not subscribed (Deribit).
 * - `tokenExpires`: every access token stops being good; private requests are refused until the connection signs in again (Deribit 13009).
 * - `settlementInProgress`: the next order request is refused because the venue settles (Deribit 10041).
 */
export const ONE_SHOT_FAULTS = [
  'placeTimesOutButAccepted',
  'placeUnclearButAccepted',
  'placeCutsLink',
  'placeNotAcceptedNoAnswer',
  'cancelAnswerLost',
  'cancelLost',
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
  'connectionLifeEnds',
  'snapshotBehindStream',
  'bookServiceRestarts',
  'unsubscribeRefused',
  'unsubscribeLost',
  'filledTwice',
  'dataBeforeAck',
  'otherPong',
  'addressBanned',
  'orderServiceRestarts',
  'serverShutdown',
  'slowClient',
  'newsUpdate',
  'replaceRace',
  'tradingHalt',
  'earlyClose',
  'missingChannel',
  'tokenExpires',
  'settlementInProgress',
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
  /** Whether the venue's session is open, for venues that have sessions (Alpaca): what is placed while it is closed waits for the open. */
  setMarketOpen(open: boolean): void;
  readonly marketOpen: boolean;
  /** For how long the venue takes a connection that was cut for a living one, and refuses another of the same key (Alpaca; F18). */
  setConnectionHoldMs(holdMs: number): void;
  readonly connectionHoldMs: number;
}

/** The switchboard of one simulated venue. `onMaintenance` and `onArmed` let the servers act at once. */
export function createVenueFaults(hooks: {
  readonly onMaintenance: (on: boolean) => void;
  readonly onArmed?: (fault: OneShotFault) => void;
  readonly onMarketOpen?: (open: boolean) => void;
}): VenueFaults {
  const due = new Map<OneShotFault, number>();
  const done = new Map<OneShotFault, number>();
  const paused = new Set<string>();
  let allPaused = false;
  let maintenance = false;
  let halfOpen: HalfOpenScope = 'none';
  let answerDelayMs = 0;
  let clockOffsetMs = 0;
  let marketOpen = true;
  let connectionHoldMs = 0;
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
    setMarketOpen(open) {
      if (open === marketOpen) return;
      marketOpen = open;
      hooks.onMarketOpen?.(open);
    },
    get marketOpen() {
      return marketOpen;
    },
    setConnectionHoldMs(holdMs) {
      connectionHoldMs = holdMs;
    },
    get connectionHoldMs() {
      return connectionHoldMs;
    },
  };
}
