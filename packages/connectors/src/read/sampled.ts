import { isSendersWord } from '../bytes/senders-word.ts';
import type { SourceRow } from './source-row.ts';

export interface Sampled {
  readonly sample: readonly SourceRow[];
  readonly rows: AsyncIterable<readonly SourceRow[]>;
}

/** A batch is at most a block and a row: this bounds the sample in bytes, where rows are long. */
const MAX_BATCHES = 64;

/**
 * Takes the first batches, until they hold `count` rows, and gives them again with the rest. A failure by the sender's
 * word behind some rows comes behind them again; any other is thrown.
 */
export async function takeSample(batches: AsyncIterable<readonly SourceRow[]>, count: number): Promise<Sampled> {
  const iterator = batches[Symbol.asyncIterator]();
  const head: (readonly SourceRow[])[] = [];
  let rows = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    while (rows < count && head.length < MAX_BATCHES) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      head.push(value);
      rows += value.length;
    }
  } catch (error) {
    if (rows === 0 || !isSendersWord(error)) throw error;
    failure = { error };
  }
  return { sample: head.flat().slice(0, count), rows: replay(head, iterator, failure) };
}

async function* replay(
  head: (readonly SourceRow[])[],
  rest: AsyncIterator<readonly SourceRow[]>,
  failure: { readonly error: unknown } | undefined,
): AsyncGenerator<readonly SourceRow[]> {
  try {
    for (let batch = head.shift(); batch !== undefined; batch = head.shift()) yield batch;
    if (failure !== undefined) throw failure.error;
    for (;;) {
      const { done, value } = await rest.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}
