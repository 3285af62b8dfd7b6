import type { VenueId } from '#core/market/instrument.ts';
import type { SimulatedExchange } from '../exchange/simulated-exchange.ts';
import type { VenueTraffic } from '../protocol/venue-traffic.ts';
import type { BotAct } from './bot-act.ts';
import { requestByMessage, requestByRest } from './request-words.ts';

/** Older acts are forgotten beyond so many; a scenario takes seconds. */
const MAX_ACTS = 50_000;

/** Everything that the venue saw of the bot, oldest first. `traffic` is to be given to the venue's server. */
export interface BotWatch {
  readonly traffic: VenueTraffic;
  readonly acts: readonly BotAct[];
  /** Whether any connection of this kind is open. */
  connected(stream: 'market' | 'private'): boolean;
  /** Hears each act as it happens; a request is heard before it is carried out. */
  onAct(run: (act: BotAct) => void): () => void;
  /** Listens to the account from now on. Returns how to stop. */
  follow(exchange: SimulatedExchange, accountId: string): () => void;
}

type ActBody = BotAct extends infer Act ? (Act extends BotAct ? Omit<Act, 'at'> : never) : never;

export function createBotWatch(venue: VenueId, nowMs: () => number): BotWatch {
  const acts: BotAct[] = [];
  const listeners = new Set<(act: BotAct) => void>();
  const open = new Map<string, 'market' | 'private'>();
  const held = new Map<string, number>();

  function tell(body: ActBody): void {
    const act: BotAct = { ...body, at: nowMs() };
    acts.push(act);
    if (acts.length > MAX_ACTS) acts.splice(0, MAX_ACTS / 2);
    for (const listener of [...listeners]) listener(act);
  }

  return {
    acts,
    connected: (stream) => [...open.values()].includes(stream),
    traffic: {
      onRequest: ({ method, path, query, body }) => tell(requestByRest(venue, method, path, query, body)),
      onMessage: ({ path }, text) => tell(requestByMessage(venue, path, text)),
      onOpen({ id, kind }) {
        open.set(id, kind);
        tell({ kind: 'connected', stream: kind });
      },
      onClose({ id, kind }) {
        open.delete(id);
        tell({ kind: 'disconnected', stream: kind });
      },
      onRefused: () => tell({ kind: 'refusedConnection' }),
    },
    onAct(run) {
      listeners.add(run);
      return () => listeners.delete(run);
    },
    follow(exchange, accountId) {
      for (const { symbol, size } of exchange.positions(accountId)) held.set(symbol, size);
      return exchange.listen({
        onMarket: () => undefined,
        onAccount(event) {
          if (event.kind === 'order' && event.order.accountId === accountId) {
            const { order, change } = event;
            tell({ kind: 'order', change, order, held: held.get(order.symbol) ?? 0 });
          } else if (event.kind === 'fill' && event.fill.accountId === accountId) {
            const { fill, order } = event;
            const signed = fill.side === 'buy' ? fill.size : -fill.size;
            held.set(fill.symbol, (held.get(fill.symbol) ?? 0) + signed);
            tell({ kind: 'fill', fill, order });
          }
        },
      });
    },
  };
}
