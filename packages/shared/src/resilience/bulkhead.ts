import { SophiaError } from '../errors.ts';

export interface BulkheadOptions {
  /** What is protected, named in the error. */
  readonly name: string;
  /** How many run at once. */
  readonly concurrency: number;
  /** How many may wait for a place; beyond it callers of the party that has most of them get `overloaded` at once. */
  readonly queue: number;
}

export interface Bulkhead {
  readonly active: number;
  readonly waiting: number;
  /**
   * Runs the work when there is a place; an abort while it waits gives its place up. Calls of one party wait in the order
   * of their arrival, parties by turns: whoever has many waiting keeps nobody else waiting for all of them. One that is
   * named takes all places but one, so that another need not wait for the end of long calls.
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal, party?: string): Promise<T>;
}

/** Bounds how much of the process one dependency or kind of work may take. */
export function createBulkhead({ name, concurrency, queue }: BulkheadOptions): Bulkhead {
  let active = 0;
  const waiters = new FairQueue();
  /** Calls under way of each named party. */
  const running = new Map<string, number>();
  const most = Math.max(1, concurrency - 1);

  const hasRoom = (party: string): boolean => party === '' || (running.get(party) ?? 0) < most;
  const count = (party: string, change: 1 | -1): void => {
    if (party === '') return;
    const now = (running.get(party) ?? 0) + change;
    if (now === 0) running.delete(party);
    else running.set(party, now);
  };

  const overloaded = () =>
    new SophiaError('overloaded', `${name} has ${active} calls running and ${waiters.size} waiting.`, { retryAfter: 1 });
  const enter = (signal: AbortSignal | undefined, party: string): Promise<void> | undefined => {
    signal?.throwIfAborted();
    if (active < concurrency && hasRoom(party)) {
      active++;
      count(party, 1);
      return undefined;
    }
    if (waiters.size >= queue) {
      const last = waiters.lastOfLongest(party);
      if (last === undefined) throw overloaded();
      last.refuse(overloaded());
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.refuse(signal?.reason);
      const waiter: Waiter = {
        party,
        admit() {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        refuse(error) {
          signal?.removeEventListener('abort', onAbort);
          waiters.remove(waiter);
          reject(error);
        },
      };
      waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  };
  // A place is handed to the next waiter directly, so that no newcomer overtakes it.
  const leave = (party: string) => {
    count(party, -1);
    const next = waiters.take(hasRoom);
    if (next === undefined) {
      active--;
      return;
    }
    count(next.party, 1);
    next.admit();
  };

  return {
    get active() {
      return active;
    },
    get waiting() {
      return waiters.size;
    },
    async run(work, signal, party = '') {
      const wait = enter(signal, party);
      if (wait !== undefined) await wait;
      try {
        return await work();
      } finally {
        leave(party);
      }
    },
  };
}

interface Waiter {
  readonly party: string;
  admit(): void;
  refuse(error: unknown): void;
}

/** Waiters of each party in their order, the parties by turns (J. Nagle, "On Packet Switches With Infinite Storage", RFC 970). */
class FairQueue {
  /** The party whose turn it is comes first; none is without waiters. */
  readonly #parties = new Map<string, Set<Waiter>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(waiter: Waiter): void {
    const waiting = this.#parties.get(waiter.party);
    if (waiting === undefined) this.#parties.set(waiter.party, new Set([waiter]));
    else waiting.add(waiter);
    this.#size++;
  }

  remove(waiter: Waiter): void {
    const waiting = this.#parties.get(waiter.party);
    waiting?.delete(waiter);
    this.#size--;
    if (waiting?.size === 0) this.#parties.delete(waiter.party);
  }

  /** The next waiter of those parties that may go on. */
  take(mayGoOn: (party: string) => boolean): Waiter | undefined {
    for (const [party, waiting] of this.#parties) {
      if (!mayGoOn(party)) continue;
      for (const next of waiting) {
        this.remove(next);
        // Its others wait until the other parties had their turn.
        if (this.#parties.delete(party)) this.#parties.set(party, waiting);
        return next;
      }
    }
    return undefined;
  }

  /** The newest waiter of the party with the most of them, if those are more than this party would have with one more. */
  lastOfLongest(party: string): Waiter | undefined {
    let longest = new Set<Waiter>();
    for (const waiting of this.#parties.values()) if (waiting.size > longest.size) longest = waiting;
    const own = this.#parties.get(party)?.size ?? 0;
    return longest.size > own + 1 ? [...longest].at(-1) : undefined;
  }
}
