import { createParties, type Parties } from '@sophia/shared';
import type { Load, Loaded, LoadOptions } from './cache.ts';
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
  readonly parties: Parties;
  readonly abort: AbortController;
}

/** Starts the load at once. */
export const createFlight = (key: string, { dependencies, party = '' }: LoadOptions, load: Load): Flight => {
  const abort = new AbortController();
  const parties = createParties(party);
  return {
    key,
    dependencies,
    abort,
    parties,
    promise: load(abort.signal, parties),
    touchedAtTick: Number.NEGATIVE_INFINITY,
    cleared: false,
    waiting: 0,
  };
};

/** Waits for the load; a caller that gives up leaves it to the others, the last one aborts it. */
export const joinFlight = async (flight: Flight, { signal, party = '' }: LoadOptions): Promise<Loaded> => {
  flight.waiting += 1;
  flight.parties.join(party);
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
