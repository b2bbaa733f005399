import { setImmediate } from 'node:timers/promises';

export type PauseEvent<T> = { readonly kind: 'value'; readonly value: T } | { readonly kind: 'pause' };

/**
 * The values of a stream, and a pause wherever the next one is not there yet: the moment to pass on what was gathered.
 * No timer: while the reader works, values gather, so that batches grow with the load.
 */
export async function* pauses<T>(stream: AsyncIterable<T>): AsyncGenerator<PauseEvent<T>> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      const isHere = await Promise.race([next.then(() => true), setImmediate(false)]);
      if (!isHere) yield { kind: 'pause' };
      const { done, value } = await next;
      if (done === true) return;
      yield { kind: 'value', value };
    }
  } finally {
    await iterator.return?.();
  }
}
