import type { ReplayedFeed } from './replayed-feed.ts';

/** Every feed of a log under each of its leases, in the order in which they began. */
export class ReplayedFeeds {
  readonly #feeds = new Map<string, ReplayedFeed>();

  get all(): Iterable<ReplayedFeed> {
    return this.#feeds.values();
  }

  /** `life`: owner and lease. */
  of(life: string): ReplayedFeed | undefined {
    return this.#feeds.get(life);
  }

  begin(life: string, feed: ReplayedFeed): void {
    this.#feeds.delete(life);
    this.#feeds.set(life, feed);
  }

  /** The feed that a connection of this lease brought its frames to. */
  carrier(connection: string, lease: number): ReplayedFeed | null {
    for (const feed of this.#feeds.values()) if (feed.lease === lease && feed.carries(connection)) return feed;
    return null;
  }

  /** The feed whose books units have: the one that began last, until it is gone. */
  current(owner: string): ReplayedFeed | null {
    let current: ReplayedFeed | null = null;
    for (const feed of this.#feeds.values()) if (feed.owner === owner) current = feed;
    return current === null || current.gone ? null : current;
  }
}
