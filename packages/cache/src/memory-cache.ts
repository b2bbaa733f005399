import type { Clock } from '@sophia/shared';
import { LRUCache } from 'lru-cache';
import type {
  Cache,
  CacheChange,
  CacheDependency,
  CacheResult,
  CacheStatistics,
  Invalidation,
  Load,
  Loaded,
  LoadOptions,
} from './cache.ts';
import { createFlight, type Flight, joinFlight } from './flight.ts';
import { createTagIndex, type Tagged } from './tag-index.ts';

export interface MemoryCacheOptions {
  /** Bound in bytes over keys and values; up to 1 GB. */
  readonly maximumBytes: number;
  readonly clock: Clock;
}

/** What an entry costs beside its key and value: measured at about 400 bytes with one dependency. */
const ENTRY_OVERHEAD_BYTES = 400;

interface Entry extends Tagged, Loaded {
  readonly key: string;
  readonly loadedAt: number;
  readonly expiresAt: number;
  readonly staleUntil: number;
  readonly heldBytes: number;
}

/** The memory tier (L1): see `Cache` for its guarantees. */
export const createMemoryCache = ({ maximumBytes, clock }: MemoryCacheOptions): Cache => {
  const entriesByTag = createTagIndex<Entry>();
  const flightsByTag = createTagIndex<Flight>();
  const flights = new Map<string, Flight>();
  const count = { hits: 0, misses: 0, loads: 0, joins: 0, evictions: 0, invalidated: 0 };
  const entries = new LRUCache<string, Entry>({
    maxSize: maximumBytes,
    sizeCalculation: (entry) => entry.bytes.length + entry.heldBytes + entry.key.length * 2 + ENTRY_OVERHEAD_BYTES,
    dispose: (entry, _key, reason) => {
      entriesByTag.remove(entry);
      if (reason === 'evict') count.evictions += 1;
    },
  });

  const served = (entry: Entry, now: number): CacheResult => {
    count.hits += 1;
    return { bytes: entry.bytes, readPoint: entry.readPoint, tier: 'L1', age: now - entry.loadedAt };
  };

  const store = (key: string, loaded: Loaded, options: LoadOptions): void => {
    const now = clock.monotonic();
    const expiresAt = now + options.ttl;
    const staleUntil = expiresAt + (options.staleWhileRevalidate ?? 0);
    const entry: Entry = {
      key,
      bytes: loaded.bytes,
      readPoint: loaded.readPoint,
      dependencies: options.dependencies,
      loadedAt: now,
      expiresAt,
      staleUntil,
      heldBytes: options.heldBytes ?? 0,
    };
    entries.set(key, entry);
    if (entries.peek(key) === entry) entriesByTag.add(entry);
  };

  const startLoad = (key: string, options: LoadOptions, load: Load): Flight => {
    count.loads += 1;
    const flight = createFlight(key, options, load);
    flights.set(key, flight);
    flightsByTag.add(flight);
    const landed = () => {
      flightsByTag.remove(flight);
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.promise.then(
      (loaded) => {
        landed();
        if (!flight.cleared && loaded.readPoint.tick >= flight.touchedAtTick) store(key, loaded, options);
      },
      // Every caller that waits gets this error from the promise itself.
      landed,
    );
    return flight;
  };

  const joinOrLoad = async (key: string, options: LoadOptions, load: Load): Promise<Loaded> => {
    const joined = underWay(key);
    if (joined === undefined) return joinFlight(startLoad(key, options, load), options);
    count.joins += 1;
    try {
      return await joinFlight(joined, options);
    } catch (error) {
      if (options.signal?.aborted === true || options.isOfItsCaller?.(error) !== true) throw error;
      // Those whom the same load has failed share the next one.
      return joinFlight(underWay(key) ?? startLoad(key, options, load), options);
    }
  };

  const underWay = (key: string): Flight | undefined => {
    const flight = flights.get(key);
    return flight?.abort.signal.aborted === false ? flight : undefined;
  };

  const touch = (flight: Flight, tick: number): void => {
    flight.touchedAtTick = tick;
    if (flights.get(flight.key) === flight) flights.delete(flight.key);
  };

  return {
    async getOrLoad(key, options, load) {
      const now = clock.monotonic();
      const entry = entries.get(key);
      if (entry !== undefined && now < entry.expiresAt) return served(entry, now);
      if (entry !== undefined && now < entry.staleUntil) {
        // Its callers are served already; a failed revalidation leaves the entry to its end.
        if (!flights.has(key)) startLoad(key, options, load);
        return served(entry, now);
      }
      count.misses += 1;
      const { bytes, readPoint } = await joinOrLoad(key, options, load);
      return { bytes, readPoint, tier: 'none', age: 0 };
    },

    peek(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const now = clock.monotonic();
      return now < entry.expiresAt ? served(entry, now) : undefined;
    },

    has: (key) => clock.monotonic() < (entries.peek(key)?.expiresAt ?? 0),

    invalidate({ tick, changes }: Invalidation) {
      for (const [tag, ofTag] of groupByTag(changes)) {
        for (const entry of entriesByTag.of(tag)) {
          if (entry.readPoint.tick >= tick || !isTouched(entry.dependencies, tag, ofTag)) continue;
          count.invalidated += 1;
          entries.delete(entry.key);
        }
        for (const flight of flightsByTag.of(tag)) {
          if (isTouched(flight.dependencies, tag, ofTag)) touch(flight, tick);
        }
      }
    },

    clear() {
      for (const flight of flightsByTag.all()) flight.cleared = true;
      flights.clear();
      entries.clear();
    },

    statistics: (): CacheStatistics => ({ ...count, entries: entries.size, bytes: entries.calculatedSize }),

    async close() {
      this.clear();
    },
  };
};

const groupByTag = (changes: readonly CacheChange[]): Map<string, CacheChange[]> => {
  const groups = new Map<string, CacheChange[]>();
  for (const change of changes) {
    const group = groups.get(change.tag);
    if (group === undefined) groups.set(change.tag, [change]);
    else group.push(change);
  }
  return groups;
};

const isTouched = (dependencies: readonly CacheDependency[], tag: string, changes: readonly CacheChange[]): boolean =>
  dependencies.some(
    ({ tag: own, isAffected }) =>
      own === tag && (isAffected === undefined || changes.some(({ change }) => change === undefined || isAffected(change))),
  );
