import type { SourceRow } from './source-row.ts';

export interface Sampled {
  readonly sample: readonly SourceRow[];
  readonly rows: AsyncIterable<readonly SourceRow[]>;
}

/** A batch is at most a block and a row: this bounds the sample in bytes, where rows are long. */
const MAX_BATCHES = 64;

/** Takes the first batches, until they hold `count` rows, and gives them again with the rest. */
export async function takeSample(batches: AsyncIterable<readonly SourceRow[]>, count: number): Promise<Sampled> {
  const iterator = batches[Symbol.asyncIterator]();
  const head: (readonly SourceRow[])[] = [];
  let rows = 0;
  while (rows < count && head.length < MAX_BATCHES) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    head.push(value);
    rows += value.length;
  }
  return { sample: head.flat().slice(0, count), rows: replay(head, iterator) };
}

async function* replay(head: (readonly SourceRow[])[], rest: AsyncIterator<readonly SourceRow[]>): AsyncGenerator<readonly SourceRow[]> {
  try {
    for (let batch = head.shift(); batch !== undefined; batch = head.shift()) yield batch;
    for (;;) {
      const { done, value } = await rest.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}
