import type { Clock } from '@sophia/shared';
import { LRUCache } from 'lru-cache';
import type { CacheChange, Loaded, LoadOptions } from './cache.ts';
import { isTouched } from './changes-by-tag.ts';
import { createTagIndex, type Tagged } from './tag-index.ts';

/** A result in memory; instants are of the monotonic clock. */
export interface HeldEntry extends Tagged, Loaded {
  readonly key: string;
  readonly loadedAt: number;
  readonly expiresAt: number;
  readonly staleUntil: number;
  readonly heldBytes: number;
}

/** What the memory tier holds, within its bytes: what was not asked for longest goes first. */
export interface HeldEntries {
  get(key: string): HeldEntry | undefined;
  /** Does not count as asked for. */
  look(key: string): HeldEntry | undefined;
  store(key: string, loaded: Loaded, options: LoadOptions): void;
  /** Drops what depends on the tag, is touched by its changes and was read before the tick. */
  drop(tick: number, tag: string, changes: readonly CacheChange[]): void;
  clear(): void;
  statistics(): { readonly entries: number; readonly bytes: number; readonly evictions: number; readonly invalidated: number };
}

/** What an entry costs beside its key and value: measured at about 400 bytes with one dependency. */
const ENTRY_OVERHEAD_BYTES = 400;

export const createHeldEntries = (maximumBytes: number, clock: Clock): HeldEntries => {
  const byTag = createTagIndex<HeldEntry>();
  let evictions = 0;
  let invalidated = 0;
  const byKey = new LRUCache<string, HeldEntry>({
    maxSize: maximumBytes,
    sizeCalculation: (entry) => entry.bytes.length + entry.heldBytes + entry.key.length * 2 + ENTRY_OVERHEAD_BYTES,
    dispose: (entry, _key, reason) => {
      byTag.remove(entry);
      if (reason === 'evict') evictions += 1;
    },
  });
  return {
    get: (key) => byKey.get(key),
    look: (key) => byKey.peek(key),
    store(key, loaded, options) {
      const entry = entryOf(key, loaded, options, clock.monotonic());
      byKey.set(key, entry);
      // One that is larger than all of the room is not taken.
      if (byKey.peek(key) === entry) byTag.add(entry);
    },
    drop(tick, tag, changes) {
      for (const entry of byTag.of(tag)) {
        if (entry.readPoint.tick >= tick || !isTouched(entry.dependencies, tag, changes)) continue;
        invalidated += 1;
        byKey.delete(entry.key);
      }
    },
    clear: () => byKey.clear(),
    statistics: () => ({ entries: byKey.size, bytes: byKey.calculatedSize, evictions, invalidated }),
  };
};

const entryOf = (key: string, loaded: Loaded, options: LoadOptions, now: number): HeldEntry => {
  const expiresAt = now + options.ttl;
  return {
    key,
    bytes: loaded.bytes,
    readPoint: loaded.readPoint,
    dependencies: options.dependencies,
    loadedAt: now,
    expiresAt,
    staleUntil: expiresAt + (options.staleWhileRevalidate ?? 0),
    heldBytes: options.heldBytes ?? 0,
  };
};
