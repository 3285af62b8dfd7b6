import type { VenueRequest } from './venue-server.ts';
import type { SessionKind } from './venue-session.ts';

/** Who listens in on what clients ask of a simulated venue. Each call comes before the venue acts on it, so that a fault can be armed for exactly this request. */
export interface VenueTraffic {
  onRequest(request: VenueRequest): void;
  /** A websocket was opened. */
  onOpen(connection: VenueConnection): void;
  /** A message from the client, even where a fault makes the venue deaf to it. */
  onMessage(connection: VenueConnection, text: string): void;
  onClose(connection: VenueConnection): void;
  /** A websocket was refused. */
  onRefused(path: string): void;
}

export interface VenueConnection {
  readonly id: string;
  readonly kind: SessionKind;
  readonly path: string;
}
