import type { Parties } from '@sophia/shared';
import type { ReadPoint } from '@sophia/types';

/** Something that an entry was computed from, and which of its changes matter to the entry. */
export interface CacheDependency {
  /** What invalidations name, for example `1:deal` (workspace and record type). */
  readonly tag: string;
  /**
   * Whether a change touches this entry: only such a change drops it. Absent: every change of the
   * tag does. Called with what `invalidate` was given; pure and quick.
   */
  readonly isAffected?: ((change: unknown) => boolean) | undefined;
}

export interface LoadOptions {
  readonly dependencies: readonly CacheDependency[];
  /** Milliseconds. */
  readonly ttl: number;
  /** Bytes that the dependencies hold beside the value, which count against the bound; 0 unless told. */
  readonly heldBytes?: number | undefined;
  /** Serve an entry past its ttl by so many milliseconds while it is loaded anew; 0 unless told. */
  readonly staleWhileRevalidate?: number | undefined;
  /** On whose behalf; the load is told of everybody who joins it. Nobody's unless told. */
  readonly party?: string | undefined;
  /** Whether an error is that of whose load it was: who has joined that loads once more, and itself. No error unless told. */
  readonly isOfItsCaller?: ((error: unknown) => boolean) | undefined;
  /** This caller waits no longer; the load itself is given up when no caller is left. */
  readonly signal?: AbortSignal | undefined;
}

export interface Loaded {
  /** Ready to send; the cache keeps it as it is. */
  readonly bytes: Buffer;
  /** Where the value was read. */
  readonly readPoint: ReadPoint;
}

/** @param parties on whose behalf it is done, by now */
export type Load = (signal: AbortSignal, parties: Parties) => Promise<Loaded>;

export interface CacheResult extends Loaded {
  readonly tier: 'L1' | 'none';
  /** Milliseconds since it was loaded. */
  readonly age: number;
}

/** The changes of one tick; ticks never go back. */
export interface Invalidation {
  readonly tick: number;
  readonly changes: readonly CacheChange[];
}

export interface CacheChange {
  readonly tag: string;
  /** Handed to `isAffected`; undefined touches every entry of the tag. */
  readonly change?: unknown;
}

export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  readonly loads: number;
  /** Callers that waited for another caller's load. */
  readonly joins: number;
  readonly evictions: number;
  readonly invalidated: number;
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Exact caching of ready-to-send bytes.
 *
 * - C1 `getOrLoad`: one load at a time per key, on behalf of all who wait for it.
 * - C2 after `invalidate` returns, this instance never serves an older value of what it touched;
 *   another instance does so for at most the bus delay; a lost message or a cut bus is noticed
 *   within one second, and the memory tier is emptied.
 * - C3 a load that began before an invalidation that touches it is neither stored nor joined by
 *   later callers, unless it read at or after the invalidation's tick.
 * - C4 nothing outlives its ttl; serving stale while revalidating only where asked.
 * - C5 bounded in bytes, least recently used goes first; values are bytes outside the JS heap.
 * - C6 a failing tier is skipped: slower, never an error.
 * - C7 hits, misses, loads, joins, evictions and invalidations are counted.
 */
export interface Cache {
  getOrLoad(key: string, options: LoadOptions, load: Load): Promise<CacheResult>;
  /** The entry if it is there and fresh, without loading: for the hot path. Counts a hit, never a miss. */
  peek(key: string): CacheResult | undefined;
  /** Whether `peek` would find it; counts nothing and does not keep it from eviction. */
  has(key: string): boolean;
  /** Drops exactly the entries that the changes touch. */
  invalidate(invalidation: Invalidation): void;
  /** Drops everything, also what is being loaded at the moment. */
  clear(): void;
  statistics(): CacheStatistics;
  close(): Promise<void>;
}
