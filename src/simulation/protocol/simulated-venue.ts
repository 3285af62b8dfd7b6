import type { Clock } from '#core/time/clock.ts';
import type { SimulatedExchange } from '../exchange/simulated-exchange.ts';
import type { ApiKeyRing } from './api-keys.ts';
import type { VenueFaults } from './venue-faults.ts';
import type { VenueServerStats } from './venue-server.ts';
import type { VenueTraffic } from './venue-traffic.ts';

/** What every simulated venue is started with, whichever protocol it speaks. */
export interface SimulatedVenueOptions {
  readonly exchange: SimulatedExchange;
  readonly keys: ApiKeyRing;
  /** The venue's clock: server time and the windows of signatures follow it. */
  readonly clock: Clock;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Keep-alive of the venue's own, for tests; default: the venue's documented interval. */
  readonly pingIntervalMs?: number;
  /** Hears what clients ask, before it is carried out. */
  readonly traffic?: VenueTraffic | undefined;
}

/** Base addresses to give to a client; the same four that a client is configured with. No trailing slash. */
export interface SimulatedVenueUrls {
  readonly market: string;
  readonly account: string;
  readonly orders: string;
  readonly rest: string;
}

/** A running simulated venue. */
export interface SimulatedVenue {
  readonly port: number;
  readonly urls: SimulatedVenueUrls;
  readonly faults: VenueFaults;
  stats(): VenueServerStats;
  /** Closes every websocket with a handshake; the venue goes on. */
  closeAll(): void;
  /** Ends it; nothing keeps running. */
  close(): Promise<void>;
}
