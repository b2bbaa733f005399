import { SophiaError } from '../errors.ts';
import type { Parties } from './parties.ts';

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
   *
   * A call of several parties, also of those that join while it waits, goes on at whoever's turn comes first, and is refused
   * only when it is the last of all of them.
   */
  run<T>(work: () => Promise<T>, signal?: AbortSignal, party?: string | Parties): Promise<T>;
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
  const takePlace = (party: string): boolean => {
    if (active >= concurrency || !hasRoom(party)) return false;
    active++;
    count(party, 1);
    return true;
  };

  const overloaded = () =>
    new SophiaError('overloaded', `${name} has ${active} calls running and ${waiters.size} waiting.`, { retryAfter: 1 });
  /** The party under which it has a place, or will have one. */
  const enter = (signal: AbortSignal | undefined, parties: Iterable<string>, joining: Parties | undefined): string | Promise<string> => {
    signal?.throwIfAborted();
    for (const party of parties) if (takePlace(party)) return party;
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.refuse(signal?.reason);
      const leaveQueue = () => {
        signal?.removeEventListener('abort', onAbort);
        joining?.onJoined(undefined);
        waiters.remove(waiter);
      };
      const waiter: Waiter = {
        parties: new Set(),
        admit(party) {
          leaveQueue();
          resolve(party);
        },
        refuse(error) {
          leaveQueue();
          reject(error);
        },
      };
      for (const party of parties) waiters.add(waiter, party);
      signal?.addEventListener('abort', onAbort, { once: true });
      joining?.onJoined((party) => {
        if (takePlace(party)) waiter.admit(party);
        else waiters.add(waiter, party);
      });
      if (waiters.size > queue) {
        const outdone = waiters.outdoneBy(waiter);
        waiters.remove(outdone);
        outdone.refuse(overloaded());
      }
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
    next.waiter.admit(next.party);
  };

  return {
    get active() {
      return active;
    },
    get waiting() {
      return waiters.size;
    },
    async run(work, signal, party = '') {
      const entered = typeof party === 'string' ? enter(signal, [party], undefined) : enter(signal, party.all, party);
      const admitted = typeof entered === 'string' ? entered : await entered;
      try {
        return await work();
      } finally {
        leave(admitted);
      }
    },
  };
}

interface Waiter {
  /** In whose queues it is. */
  readonly parties: Set<string>;
  admit(party: string): void;
  refuse(error: unknown): void;
}

/** Waiters of each party in their order, the parties by turns (J. Nagle, "On Packet Switches With Infinite Storage", RFC 970). */
class FairQueue {
  /** The party whose turn it is comes first; none is without waiters. */
  readonly #parties = new Map<string, Set<Waiter>>();
  #size = 0;

  /** Each once, in however many queues. */
  get size(): number {
    return this.#size;
  }

  add(waiter: Waiter, party: string): void {
    const waiting = this.#parties.get(party);
    if (waiting === undefined) this.#parties.set(party, new Set([waiter]));
    else waiting.add(waiter);
    if (waiter.parties.size === 0) this.#size++;
    waiter.parties.add(party);
  }

  remove(waiter: Waiter): void {
    for (const party of waiter.parties) this.#removeFrom(party, waiter);
  }

  #removeFrom(party: string, waiter: Waiter): void {
    const waiting = this.#parties.get(party);
    waiting?.delete(waiter);
    if (waiting?.size === 0) this.#parties.delete(party);
    waiter.parties.delete(party);
    if (waiter.parties.size === 0) this.#size--;
  }

  /** The next waiter of those parties that may go on. */
  take(mayGoOn: (party: string) => boolean): { readonly waiter: Waiter; readonly party: string } | undefined {
    for (const [party, waiting] of this.#parties) {
      if (!mayGoOn(party)) continue;
      for (const waiter of waiting) {
        this.remove(waiter);
        // Its others wait until the other parties had their turn.
        if (this.#parties.delete(party)) this.#parties.set(party, waiting);
        return { waiter, party };
      }
    }
    return undefined;
  }

  /**
   * Who has to go for a newcomer: the newest waiter of the party with the most of them, if those are more than a party of the
   * newcomer has with it, else the newcomer. One that is in other queues, too, leaves this one alone, and the next is looked at.
   */
  outdoneBy(newcomer: Waiter): Waiter {
    for (;;) {
      let [longestParty, longest] = ['', new Set<Waiter>()];
      for (const [party, waiting] of this.#parties) if (waiting.size > longest.size) [longestParty, longest] = [party, waiting];
      const queues = [...newcomer.parties].map((party) => this.#parties.get(party) as Set<Waiter>); // It is in them.
      if (longest.size <= Math.min(...queues.map(({ size }) => size))) return newcomer;
      const newest = [...longest].at(-1) as Waiter; // It has more than one.
      if (newest.parties.size === 1) return newest;
      this.#removeFrom(longestParty, newest);
    }
  }
}
