import type { OrderDecision } from './order-decision.ts';

/**
 * What people and watchdogs want of a unit: one item per unit in the control table, returned by each lease renewal.
 * `run`: trade. `reduce`: no entries. `stop`: no entries, cancel working orders, keep protection. `flatten`: as `stop`, and close positions.
 */
export interface DesiredState {
  readonly version: number;
  readonly wish: 'run' | 'reduce' | 'stop' | 'flatten';
  /** Symbols that take no entries whatever the wish is. */
  readonly frozenSymbols: readonly string[];
  readonly reason: string;
  readonly by: string;
  /** The version at which people set the wish: what others have changed since (frozen symbols, decisions) makes it no newer. Absent: `version`. */
  readonly wishVersion?: number;
  /** What people found of orders whose end nobody could prove, the newest few. */
  readonly decisions?: readonly OrderDecision[];
}

/** What holds while nobody has wished anything. */
export const DEFAULT_DESIRED_STATE: DesiredState = {
  version: 0,
  wish: 'run',
  frozenSymbols: [],
  reason: 'no wish on record',
  by: 'default',
};
