import type { Instrument } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import type { AccountReport, OrderIntent, OrderReport } from '#core/orders/order.ts';
import type { EpochMs } from '#core/time/clock.ts';
import type { PlaceOutcome, SimulatedExchange } from '../exchange/simulated-exchange.ts';
import type { MarketSource } from '../market-sources/market-source.ts';
import type { Dice } from './dice.ts';
import type { FaultShares } from './message-faults.ts';
import type { VirtualTime } from './virtual-time.ts';
import { WORLD_BEGAN, type WorldProcess } from './world-process.ts';

/** Whoever speaks to the venue: an engine under one lease, or what follows orders in the cloud (epoch null). */
export interface VenueClient {
  readonly process: WorldProcess;
  readonly epoch: number | null;
  /** Ways to the venue that are cut now. */
  readonly cuts: ReadonlySet<VenueLink>;
}

export type VenueLink = 'account' | 'orders' | 'queries';

/** Hears what truly happens at the venue, before anybody else does. */
export interface VenueWatch {
  /** An order is about to be carried out. */
  placing(client: VenueClient, intent: OrderIntent): void;
  placed(client: VenueClient, intent: OrderIntent, outcome: PlaceOutcome): void;
  /** A question is about to be answered. */
  asked(client: VenueClient): void;
  /** Whether anybody has told under which id the venue has an order: what nobody could name, a venue forgets only for a while. */
  named(clientOrderId: string | null): boolean;
  /** The venue says of an order what is not so. */
  lied(symbol: string, clientOrderId: string): void;
  trace(text: () => string): void;
}

/** The venue of a world: one exchange, one account, and what goes wrong with messages to and from it. */
export interface WorldVenue {
  readonly exchange: SimulatedExchange;
  readonly account: string;
  readonly time: VirtualTime;
  readonly dice: Dice;
  /** Lowered and raised by the world. */
  readonly shares: FaultShares;
  readonly watch: VenueWatch;
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** Orders that were accepted and that the matching engine refused, by client order id: the exchange itself never has them. */
  readonly refusedLater: Map<string, OrderReport>;
  /** Executions that are told nowhere. */
  readonly forgottenFills: Set<string>;
  /** Orders of which the venue has said what is not so, by client order id. */
  readonly lies: Set<string>;
  /** Answers that come right behind the next report of an order, by client order id. */
  readonly behind: Map<string, (() => void)[]>;
  /** Whether what is executed now is told nowhere. */
  silent: boolean;
  /** Whether the stream tells nothing at all, of orders neither. */
  mute: boolean;
  /** Account streams that hear what the exchange does not tell. */
  readonly streams: Set<(report: AccountReport) => void>;
  /** Serves nothing: REST answers 503, sockets stay and get no answers. */
  maintenance: boolean;
}

/** Venue time now. Everything that is due at the exchange has happened then. */
export function venueNow(venue: WorldVenue): EpochMs {
  const now = (WORLD_BEGAN + venue.time.nowMs) as EpochMs;
  if (venue.exchange.now() < now) venue.exchange.advanceTo(now);
  return now;
}

/** What the account holds of a symbol, signed decimal text: its position, of spot the balance of the base asset. */
export function heldAt({ exchange, account, instruments }: HeldVenue, symbol: string): string {
  const instrument = instruments.get(symbol);
  if (instrument === undefined) return '0';
  if (instrument.kind === 'spot')
    return (
      exchange.balances(account).find(({ currency }) => currency === instrument.baseCurrency)?.walletBalance ?? '0'
    );
  const size = exchange.positions(account).find((each) => each.symbol === symbol)?.size ?? 0;
  return formatScaled(size, instrument.sizeScale);
}

type HeldVenue = Pick<WorldVenue, 'exchange' | 'account' | 'instruments'>;

/** Moves the exchange along with the world's time, from event to event of its source, until that has no more. */
export function followMarket(venue: WorldVenue, source: Pick<MarketSource, 'nextDueMs'>): void {
  const step = () => {
    venueNow(venue);
    const due = source.nextDueMs();
    if (due !== null) venue.time.after(Math.max(1, due - venue.time.nowMs), step);
  };
  step();
}

/** One way of a message through the network, ms: mostly a few, seldom many. */
export function latencyMs(dice: Dice): number {
  return dice.chance(0.05) ? dice.between(20, 250) : dice.between(1, 20);
}
