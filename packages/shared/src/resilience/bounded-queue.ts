/** Items between a producer and a consumer, never more than the capacity. */
export interface BoundedQueue<Item> extends AsyncIterable<Item> {
  readonly size: number;
  /** Takes the item at once, or says false when full or ended. */
  tryPush(item: Item): boolean;
  /** Waits for room; rejects when the queue ends or the signal aborts first. */
  push(item: Item, signal?: AbortSignal): Promise<void>;
  /** Waits for at least one item and gives up to `maximum`, oldest first; an empty array once ended and drained. */
  take(maximum: number, signal?: AbortSignal): Promise<Item[]>;
  /** No more items: what is inside can still be taken. With an error, takers get it after the last item. */
  end(error?: unknown): void;
}

interface Waiter {
  readonly wake: () => void;
}

/** A queue with backpressure: producers wait while it is full. */
export function createBoundedQueue<Item>(capacity: number): BoundedQueue<Item> {
  let items: Item[] = [];
  let ended: { readonly error: unknown } | undefined;
  const producers = new Set<Waiter>();
  const consumers = new Set<Waiter>();

  const wakeOne = (waiters: Set<Waiter>) => {
    const [first] = waiters;
    first?.wake();
  };
  const wait = (waiters: Set<Waiter>, signal?: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const settle = (finish: () => void) => () => {
        waiters.delete(waiter);
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onAbort = settle(() => reject(signal?.reason));
      const waiter: Waiter = { wake: settle(resolve) };
      waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });

  const queue: BoundedQueue<Item> = {
    get size() {
      return items.length;
    },
    tryPush(item) {
      if (ended !== undefined || items.length >= capacity) return false;
      items.push(item);
      wakeOne(consumers);
      return true;
    },
    async push(item, signal) {
      while (!queue.tryPush(item)) {
        if (ended !== undefined) throw ended.error ?? new Error('The queue has ended.');
        await wait(producers, signal);
      }
    },
    async take(maximum, signal) {
      while (items.length === 0) {
        if (ended === undefined) await wait(consumers, signal);
        else if (ended.error === undefined) return [];
        else throw ended.error;
      }
      const taken = items.length <= maximum ? items : items.slice(0, maximum);
      items = items.length <= maximum ? [] : items.slice(maximum);
      for (let freed = taken.length; freed > 0 && producers.size > 0; freed--) wakeOne(producers);
      if (items.length > 0) wakeOne(consumers);
      return taken;
    },
    end(error) {
      ended ??= { error };
      for (const waiter of [...producers, ...consumers]) waiter.wake();
    },
    async *[Symbol.asyncIterator]() {
      for (let taken = await queue.take(capacity); taken.length > 0; taken = await queue.take(capacity)) yield* taken;
    },
  };
  return queue;
}
