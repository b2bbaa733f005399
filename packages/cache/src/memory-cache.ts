import type { Clock } from '@sophia/shared';
import type { Cache, CacheResult, CacheStatistics, Invalidation } from './cache.ts';
import { changesByTag } from './changes-by-tag.ts';
import { createFlights } from './flights.ts';
import { createHeldEntries, type HeldEntry } from './held-entries.ts';

export interface MemoryCacheOptions {
  /** Bound in bytes over keys and values; up to 1 GB. */
  readonly maximumBytes: number;
  readonly clock: Clock;
}

/** The memory tier (L1): see `Cache` for its guarantees. */
export const createMemoryCache = ({ maximumBytes, clock }: MemoryCacheOptions): Cache => {
  const entries = createHeldEntries(maximumBytes, clock);
  const flights = createFlights(entries.store);
  const count = { hits: 0, misses: 0 };

  const served = (entry: HeldEntry, now: number): CacheResult => {
    count.hits += 1;
    return { bytes: entry.bytes, readPoint: entry.readPoint, tier: 'L1', age: now - entry.loadedAt };
  };

  return {
    async getOrLoad(key, options, load) {
      const now = clock.monotonic();
      const entry = entries.get(key);
      if (entry !== undefined && now < entry.expiresAt) return served(entry, now);
      if (entry !== undefined && now < entry.staleUntil) {
        // Its callers are served already; a failed revalidation leaves the entry to its end.
        if (!flights.has(key)) flights.start(key, options, load);
        return served(entry, now);
      }
      count.misses += 1;
      const { bytes, readPoint } = await flights.join(key, options, load);
      return { bytes, readPoint, tier: 'none', age: 0 };
    },

    peek(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const now = clock.monotonic();
      return now < entry.expiresAt ? served(entry, now) : undefined;
    },

    has: (key) => clock.monotonic() < (entries.look(key)?.expiresAt ?? 0),

    invalidate({ tick, changes }: Invalidation) {
      for (const [tag, ofTag] of changesByTag(changes)) {
        entries.drop(tick, tag, ofTag);
        flights.touch(tick, tag, ofTag);
      }
    },

    clear() {
      flights.clear();
      entries.clear();
    },

    statistics: (): CacheStatistics => ({ ...count, ...flights.statistics(), ...entries.statistics() }),

    async close() {
      this.clear();
    },
  };
};
