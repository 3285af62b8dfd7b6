/** One API key of the simulated venue: whose account it opens and the secret that its signatures are checked with. */
export interface ApiKey {
  readonly key: string;
  readonly secret: string;
  readonly accountId: string;
  /** Queries and streams only; orders are refused. */
  readonly readOnly?: boolean;
}

/** The keys that a simulated venue knows now. Adding one with a known `key` replaces it; both take effect with the next request. */
export interface ApiKeyRing {
  find(key: string): ApiKey | null;
  add(key: ApiKey): void;
  /** The venue's owner deleted or rotated it. */
  remove(key: string): void;
}

export function createApiKeyRing(keys: Iterable<ApiKey>): ApiKeyRing {
  const byKey = new Map<string, ApiKey>();
  for (const key of keys) byKey.set(key.key, key);
  return {
    find: (key) => byKey.get(key) ?? null,
    add: (key) => {
      byKey.set(key.key, key);
    },
    remove: (key) => {
      byKey.delete(key);
    },
  };
}
