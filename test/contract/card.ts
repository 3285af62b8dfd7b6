import type { Venue } from '#venues/venue.ts';
import type { ContractWorld } from './contract-world.ts';

/** One numbered card of the contract that every venue keeps. The number never changes and is never used again. */
export interface Card {
  readonly number: `C${number}`;
  readonly given: string;
  readonly when: string;
  readonly must: string;
  /** Null: it binds this venue; else why it cannot (by what the venue says it supports). */
  readonly exempt?: (venue: Venue) => string | null;
  /** See `openContractWorld`. */
  readonly hastened?: ReadonlyMap<number, number>;
  run(world: ContractWorld): Promise<void>;
}

/** The card as a test's title, and as the documentation lists it. */
export function cardTitle({ number, given, when, must }: Card): string {
  return `${number}: ${given}, ${when}: ${must}`;
}
