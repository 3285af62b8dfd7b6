import type { Clock, EpochMs } from '#core/time/clock.ts';
import type { MarketSource } from '../market-sources/market-source.ts';
import type { SimulatedExchange } from './simulated-exchange.ts';

/** Venue time per real time; `max`: as fast as the market can be worked off. */
export type ExchangeSpeed = 1 | 10 | 'max';

export interface ExchangeClockOptions {
  readonly exchange: SimulatedExchange;
  /** The exchange's source, so that at `max` stretches in which nothing happens are skipped. */
  readonly source: Pick<MarketSource, 'nextDueMs'>;
  readonly speed: ExchangeSpeed;
  /** Its monotonic time paces the venue. */
  readonly clock: Clock;
  /** At `max`, the next slice waits while this is false: who consumes says whether there is room. Default: always. */
  readonly ready?: () => boolean;
}

/** Moves an exchange's venue time along with real time. */
export interface ExchangeClock {
  readonly state: 'idle' | 'running' | 'paused' | 'stopped';
  /** Whether the source has come to its end. */
  readonly ended: boolean;
  /** Venue time goes on from where the exchange stands. Starting twice, or after `stop`, does nothing. */
  start(): void;
  /** Venue time stands still; the exchange still answers. */
  pause(): void;
  resume(): void;
  /** For good; nothing keeps running. */
  stop(): void;
}

/** How often the exchange is moved on. */
const TICK_MS = 2;
/** No more venue time than this passes between two turns of the event loop. */
const SLICE_MS = 50;
const NOT_READY_MS = 1;

/**
 * Drives an exchange: at speed 1 or 10 by the clock; at `max` in slices with a turn of the event loop after each, and at speed 1 once the source has ended.
 * What the exchange or its listeners throw is not caught here.
 */
export function createExchangeClock(options: ExchangeClockOptions): ExchangeClock {
  const { exchange, source, clock } = options;
  const origin = exchange.now();
  let state: ExchangeClock['state'] = 'idle';
  let ended = false;
  /** Venue time and real time that belong together since the last start. */
  let anchor = { venueMs: origin as number, realMs: 0 };
  let cancelTurn: () => void = () => undefined;
  const unlisten = exchange.listen({
    onMarket(event) {
      if (event.kind !== 'end') return;
      ended = true;
      setAnchor();
    },
    onAccount: () => undefined,
  });

  function realMs(): number {
    return clock.monoNanos() / 1e6;
  }

  function setAnchor(): void {
    anchor = { venueMs: exchange.now(), realMs: realMs() };
  }

  function turn(): void {
    if (state !== 'running') return;
    if (options.speed === 'max' && !ended) runSlice();
    else follow(options.speed === 'max' ? 1 : options.speed);
  }

  function runSlice(): void {
    if (options.ready !== undefined && !options.ready()) {
      after(NOT_READY_MS);
      return;
    }
    const due = source.nextDueMs();
    const end = exchange.now() + SLICE_MS;
    exchange.advanceTo(Math.max(end, due === null ? end : origin + due) as EpochMs);
    if (due === null) after(TICK_MS);
    else after(0);
  }

  function follow(speed: number): void {
    const target = anchor.venueMs + (realMs() - anchor.realMs) * speed;
    const end = Math.min(target, exchange.now() + SLICE_MS);
    exchange.advanceTo(end as EpochMs);
    after(end < target ? 0 : TICK_MS);
  }

  function after(delayMs: number): void {
    if (state !== 'running') return;
    if (delayMs === 0) {
      const handle = setImmediate(turn);
      cancelTurn = () => clearImmediate(handle);
    } else {
      const handle = setTimeout(turn, delayMs);
      cancelTurn = () => clearTimeout(handle);
    }
  }

  function run(): void {
    state = 'running';
    setAnchor();
    after(0);
  }

  return {
    get state() {
      return state;
    },
    get ended() {
      return ended;
    },
    start() {
      if (state === 'idle') run();
    },
    pause() {
      if (state !== 'running') return;
      state = 'paused';
      cancelTurn();
    },
    resume() {
      if (state === 'paused') run();
    },
    stop() {
      state = 'stopped';
      cancelTurn();
      unlisten();
    },
  };
}
