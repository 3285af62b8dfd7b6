import { beforeAll, expect } from 'vitest';
import type { VenueId } from '#core/market/instrument.ts';
import { formatScaled } from '#core/market/scaled-decimal.ts';
import { installPeers } from '../../../bench/comparison/install.ts';
import { type ContractWorld, GOOD_KEYS, openContractWorld } from '../../contract/contract-world.ts';

/** A client of other people's making as these tests drive it; every id is a client order id, every number decimal text. */
export interface ForeignClient {
  /** Resolves when it receives account updates. */
  connect(): Promise<void>;
  place(order: ForeignOrder): Promise<void>;
  /** Says under which client id the order goes on. Absent: the client has no such call for this venue. */
  amend?(order: ForeignOrder, change: Terms): Promise<string>;
  cancel(order: ForeignOrder): Promise<void>;
  close(): Promise<void> | void;
}

export interface Terms {
  readonly price: string;
  readonly size: string;
}

export interface ForeignOrder {
  readonly id: string;
  readonly symbol: string;
  readonly type: 'limit' | 'market';
  readonly side: 'buy' | 'sell';
  readonly size: string;
  /** Null for a market order. */
  readonly price: string | null;
}

/** What it heard of an order, in the venue's own words, lower case. */
export type Heard = (id: string, status: string) => void;

/** Installs the pinned clients once; the run is long anyway. */
export function withPeers(): void {
  beforeAll(() => installPeers(), 120_000);
}

/**
 * The story that every client goes through: connect, place a resting order, amend it where it can, cancel it, buy at the market; what it was told must say so,
 * and the venue's own list of orders must agree.
 */
export async function tradeThrough(
  venueId: VenueId,
  open: (world: ContractWorld, heard: Heard) => Promise<ForeignClient> | ForeignClient,
  words: { readonly working: RegExp; readonly canceled: RegExp; readonly filled: RegExp },
): Promise<void> {
  const world = await openContractWorld(venueId);
  const said = new Map<string, string[]>();
  const client = await open(world, (id, status) => said.set(id, [...(said.get(id) ?? []), status.toLowerCase()]));
  const heardOf = (id: string, status: RegExp) => () => (said.get(id) ?? []).some((each) => status.test(each));
  const atVenue = (id: string) => world.exchange.orders('main', null).find((each) => each.clientOrderId === id);
  try {
    await client.connect();
    const { symbol, priceScale, sizeScale, tickSize, lotSize } = world.instrument;
    const resting = world.intent('rests');
    const size = resting.size + 4 * lotSize;
    const text = (value: number, scale: number) => formatScaled(value, scale);
    const limit: ForeignOrder = {
      id: `limit-${Date.now().toString(36)}`,
      symbol,
      type: 'limit',
      side: 'buy',
      size: text(size, sizeScale),
      price: text(resting.price ?? 0, priceScale),
    };
    await client.place(limit);
    await world.until(`the order is told to work; heard ${[...said]}`, heardOf(limit.id, words.working));
    expect(atVenue(limit.id)).toMatchObject({ status: 'open', price: resting.price, size });

    let goesOnAs = limit.id;
    if (client.amend !== undefined) {
      const price = (resting.price ?? 0) - tickSize;
      goesOnAs = await client.amend(limit, { price: text(price, priceScale), size: text(size - lotSize, sizeScale) });
      await world.until('the new terms stand', () =>
        world.exchange.openOrders('main', null).some((each) => each.price === price && each.size === size - lotSize),
      );
    }
    await client.cancel(limit);
    await world.until('the order is told to be cancelled', heardOf(goesOnAs, words.canceled));
    expect(world.exchange.openOrders('main', null)).toEqual([]);

    const market: ForeignOrder = { ...limit, id: `market-${Date.now().toString(36)}`, type: 'market', price: null };
    await client.place(market);
    await world.until('the order is told to be filled', heardOf(market.id, words.filled));
    expect(atVenue(market.id)).toMatchObject({ status: 'filled', cumulativeSize: size });
    expect(world.server.stats().errors).toEqual([]);
  } finally {
    await client.close();
    await world.close();
  }
}

export const KEYS = GOOD_KEYS;
