import type { Policy } from '../config/policy.ts';
import type { LaneConfiguration } from '../config/runtime-configuration.ts';
import type { UnitRef } from '../control/unit.ts';
import type { Now } from '../lanes/now.ts';
import type { Instrument, VenueId } from '../market/instrument.ts';
import type { BookMessage } from '../market/market-message.ts';
import type { BudgetedLane } from '../risk/allotment.ts';
import type { KeptBreaker } from '../risk/breaker.ts';
import type { InputKind, InputLog } from './input-log.ts';

/** Body of a `start` line. */
export interface EngineStart {
  readonly engine: string;
  readonly build: string;
  /** Hash of the configuration in force; a `configuration` line has the next one's. */
  readonly configuration: string;
  /** Hash of the sources that decide; absent: not known. */
  readonly sources?: string;
}

/** Body of a `unit` line: a lease begins, its recovery is done (its lanes are given books from then on), it is gone. */
export type UnitLine =
  | { readonly change: 'began'; readonly unit: UnitRef; readonly feed: string }
  | { readonly change: 'opened' | 'gone' };

/** Body of a `lane` line. One that is not listed is given no books: not yet, or no more. */
export type LaneLine =
  | {
      readonly change: 'began';
      readonly listed: boolean;
      readonly configuration: LaneConfiguration;
      readonly instrument: Instrument;
    }
  | { readonly change: 'listed' | 'unlisted' | 'forgone' | 'gone' };

/** Body of a `policy` line: what a unit's parts of all budgets follow from. */
export interface PolicyLine {
  readonly policy: Policy;
  readonly lanes: readonly BudgetedLane[];
}

/** Body of a `breakers` line: what a predecessor left of the breakers of a lane and of its unit. */
export interface BreakersLine {
  readonly lane: string;
  readonly kept: readonly KeptBreaker[];
}

/** Body of a `feed` line. Where a feed is gone, its units have no books; what its sockets still bring is read all the same. */
export type FeedChangeLine = { readonly change: 'began'; readonly venue: VenueId } | { readonly change: 'gone' };

/** Body of a `socket` line: under which name a socket's frames are recorded from now on. Each socket has a decoder of its own. */
export interface SocketLine {
  readonly socket: string;
  readonly connection: string;
}

/** Body of a `book` line: what shapes a book and comes in no frame. */
export type BookLine =
  | { readonly change: 'added'; readonly instrument: Instrument }
  | { readonly change: 'removed'; readonly symbol: string }
  /** No live socket carries it: invalid until it is whole again. */
  | { readonly change: 'lost'; readonly symbol: string; readonly reason: string }
  /** A whole book by REST. */
  | { readonly change: 'snapshot'; readonly message: BookMessage };

/** The input log of one lease: of a unit, or of a feed. */
export class LeaseLog {
  readonly log: InputLog;
  readonly owner: string;
  readonly lease: number;

  constructor(log: InputLog, owner: string, lease: number) {
    this.log = log;
    this.owner = owner;
    this.lease = lease;
  }

  record(kind: InputKind, body: unknown, now: Now): void {
    this.log.record(kind, this.owner, null, body, now, { lease: this.lease });
  }

  /** `instance`: which lane of that name, from 1. */
  recordLane(kind: InputKind, lane: string, instance: number, body: unknown, now: Now): void {
    const { lease } = this;
    this.log.record(kind, this.owner, lane, body, now, instance === 1 ? { lease } : { lease, instance });
  }
}

/** Whose line is a feed's. */
export function feedOwner(feed: string): string {
  return `feed/${feed}`;
}
