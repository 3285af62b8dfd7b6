import type { MarketDataLimits } from '#venues/venue.ts';

/** A venue that limits nothing, where a test is about something else. */
export const NO_LIMITS: MarketDataLimits = {
  messagesPerSecond: null,
  subscriptionsPerRequest: null,
  subscriptionsPerConnection: null,
  connections: null,
  connectionLifeMs: null,
  overlap: true,
};
