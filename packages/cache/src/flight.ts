import type { CacheDependency, Loaded } from './cache.ts';
import type { Tagged } from './tag-index.ts';

/** A load under way, waited for by one or more callers. */
export interface Flight extends Tagged {
  readonly key: string;
  readonly promise: Promise<Loaded>;
  /** The latest tick whose changes touch it: a result read before that is not stored. */
  touchedAtTick: number;
  /** Set when the cache was emptied meanwhile. */
  cleared: boolean;
  waiting: number;
  readonly abort: AbortController;
}

/** Starts the load at once. */
export const createFlight = (
  key: string,
  dependencies: readonly CacheDependency[],
  load: (signal: AbortSignal) => Promise<Loaded>,
): Flight => {
  const abort = new AbortController();
  return {
    key,
    dependencies,
    abort,
    promise: load(abort.signal),
    touchedAtTick: Number.NEGATIVE_INFINITY,
    cleared: false,
    waiting: 0,
  };
};

/** Waits for the load; a caller that gives up leaves it to the others, the last one aborts it. */
export const joinFlight = async (flight: Flight, signal: AbortSignal | undefined): Promise<Loaded> => {
  flight.waiting += 1;
  const givenUp = signal === undefined ? undefined : rejectedOn(signal);
  try {
    return await (givenUp === undefined ? flight.promise : Promise.race([givenUp.promise, flight.promise]));
  } finally {
    givenUp?.stop();
    flight.waiting -= 1;
    if (flight.waiting === 0) flight.abort.abort();
  }
};

const rejectedOn = (signal: AbortSignal): { promise: Promise<never>; stop: () => void } => {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(signal.reason);
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  return { promise, stop: () => signal.removeEventListener('abort', giveUp) };
};
