/** What an entry depends on, and which of its dependency's changes matter to it. */
export interface CacheDependency {
  /** What invalidations name, for example `1:deal` (workspace and record type). */
  readonly tag: string;
  /**
   * Whether a change touches this entry: only such a change drops it. Absent: every change of the tag does.
   * It is called with what `invalidate` was given and must be quick and pure.
   */
  readonly isAffected?: ((change: unknown) => boolean) | undefined;
}

export interface LoadOptions {
  readonly dependencies: readonly CacheDependency[];
  /** Milliseconds. */
  readonly ttl: number;
  /** The entry must contain everything up to this tick: an older one is not served. */
  readonly notBefore?: number | undefined;
  /** Serve an entry past its ttl by so many milliseconds while it is loaded anew. */
  readonly staleWhileRevalidate?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Loaded {
  readonly bytes: Buffer;
  /** The tick that the value was read at. */
  readonly tick: number;
}

export interface CacheResult extends Loaded {
  readonly tier: 'L1' | 'L2' | 'none';
  /** Milliseconds since it was loaded. */
  readonly age: number;
}

export interface Invalidation {
  /** Ticks never go back; the changes of one tick come in one call. */
  readonly tick: number;
  readonly changes: readonly { readonly tag: string; readonly change: unknown }[];
}

export interface CacheStatistics {
  readonly hits: number;
  readonly misses: number;
  readonly loads: number;
  readonly joins: number;
  readonly evictions: number;
  readonly invalidated: number;
  readonly entries: number;
  readonly bytes: number;
}

/**
 * Exact caching of ready-to-send bytes.
 *
 * - C1 `getOrLoad`: one load at a time per key.
 * - C2 after `invalidate` returns, this instance never serves an older value of what it touched;
 *   another instance does so for at most the bus delay; a lost message or a cut bus is noticed
 *   within one second, and L1 is emptied.
 * - C3 a load that began before an invalidation that touches it is neither stored nor joined by
 *   later callers.
 * - C4 nothing outlives its ttl; serving stale while revalidating only where asked.
 * - C5 bounded in bytes, least recently used goes first; values are bytes outside the JS heap.
 * - C6 a failing tier is skipped behind a breaker: slower, never an error.
 * - C7 hits, misses, loads, joins, evictions and age are metrics.
 */
export interface Cache {
  getOrLoad(key: string, options: LoadOptions, load: (signal?: AbortSignal) => Promise<Loaded>): Promise<CacheResult>;
  /** The entry if it is there and fresh, without loading: for the hot path. */
  peek(key: string, notBefore?: number): CacheResult | undefined;
  /** Drops exactly the entries that the changes touch. */
  invalidate(invalidation: Invalidation): void;
  clear(): void;
  statistics(): CacheStatistics;
  close(): Promise<void>;
}
