import { SophiaError } from '../errors.ts';

export interface BulkheadOptions {
  /** What is protected, named in the error. */
  readonly name: string;
  /** How many run at once. */
  readonly concurrency: number;
  /** How many may wait for a place; beyond it callers get `overloaded` at once. */
  readonly queue: number;
}

export interface Bulkhead {
  readonly active: number;
  readonly waiting: number;
  /** Runs the work when there is a place, in order of arrival; an abort while it waits gives its place up. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** Bounds how much of the process one dependency or kind of work may take. */
export function createBulkhead({ name, concurrency, queue }: BulkheadOptions): Bulkhead {
  let active = 0;
  const waiters = new Set<() => void>();

  const enter = (signal?: AbortSignal): Promise<void> | undefined => {
    signal?.throwIfAborted();
    if (active < concurrency) {
      active++;
      return undefined;
    }
    if (waiters.size >= queue) {
      throw new SophiaError('overloaded', `${name} has ${active} calls running and ${waiters.size} waiting.`, { retryAfter: 1 });
    }
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        waiters.delete(admit);
        reject(signal?.reason);
      };
      const admit = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      waiters.add(admit);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  };
  // A place is handed to the next waiter directly, so that no newcomer overtakes it.
  const leave = () => {
    const [next] = waiters;
    if (next === undefined) {
      active--;
      return;
    }
    waiters.delete(next);
    next();
  };

  return {
    get active() {
      return active;
    },
    get waiting() {
      return waiters.size;
    },
    async run(work, signal) {
      const wait = enter(signal);
      if (wait !== undefined) await wait;
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
