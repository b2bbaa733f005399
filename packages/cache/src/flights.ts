import type { CacheChange, Load, Loaded, LoadOptions } from './cache.ts';
import { isTouched } from './changes-by-tag.ts';
import { createFlight, type Flight, joinFlight } from './flight.ts';
import { createTagIndex } from './tag-index.ts';

/** The loads under way: one for each key, which all who ask for it share. */
export interface Flights {
  has(key: string): boolean;
  /** Starts one that nobody waits for. */
  start(key: string, options: LoadOptions, load: Load): void;
  /** Joins the one under way, or starts one. */
  join(key: string, options: LoadOptions, load: Load): Promise<Loaded>;
  /** What depends on the tag and is touched by its changes is joined no more, and not stored where it was read before the tick. */
  touch(tick: number, tag: string, changes: readonly CacheChange[]): void;
  /** Nothing of what is under way is joined or stored any more. */
  clear(): void;
  statistics(): { readonly loads: number; readonly joins: number };
}

/** `store` is given what was loaded and is still good. */
export const createFlights = (store: (key: string, loaded: Loaded, options: LoadOptions) => void): Flights => {
  const byKey = new Map<string, Flight>();
  const byTag = createTagIndex<Flight>();
  const count = { loads: 0, joins: 0 };

  const start = (key: string, options: LoadOptions, load: Load): Flight => {
    count.loads += 1;
    const flight = createFlight(key, options, load);
    byKey.set(key, flight);
    byTag.add(flight);
    const landed = () => {
      byTag.remove(flight);
      forget(flight);
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

  /** Another one may have the key by now. */
  const forget = (flight: Flight): void => {
    if (byKey.get(flight.key) === flight) byKey.delete(flight.key);
  };

  const underWay = (key: string): Flight | undefined => {
    const flight = byKey.get(key);
    return flight?.abort.signal.aborted === false ? flight : undefined;
  };

  return {
    has: (key) => byKey.has(key),
    start,
    async join(key, options, load) {
      const joined = underWay(key);
      if (joined === undefined) return joinFlight(start(key, options, load), options);
      count.joins += 1;
      try {
        return await joinFlight(joined, options);
      } catch (error) {
        if (options.signal?.aborted === true || options.isOfItsCaller?.(error) !== true) throw error;
        // Those whom the same load has failed share the next one.
        return joinFlight(underWay(key) ?? start(key, options, load), options);
      }
    },
    touch(tick, tag, changes) {
      for (const flight of byTag.of(tag)) {
        if (!isTouched(flight.dependencies, tag, changes)) continue;
        flight.touchedAtTick = tick;
        forget(flight);
      }
    },
    clear() {
      for (const flight of byTag.all()) flight.cleared = true;
      byKey.clear();
    },
    statistics: () => count,
  };
};
