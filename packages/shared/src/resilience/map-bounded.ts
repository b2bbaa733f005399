export const MAXIMUM_PARALLEL = 100;

/**
 * Maps with at most `limit` (1 to 100) calls running at once; the results keep the items' order.
 * The first failure stops further starts, and is thrown when what runs has ended.
 */
export async function mapBounded<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  limit: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAXIMUM_PARALLEL) {
    throw new RangeError(`limit is ${limit}; allowed are whole numbers from 1 to ${MAXIMUM_PARALLEL}.`);
  }
  const results: Result[] = [];
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  let index = 0;

  const start = async (item: Item, place: number) => {
    try {
      results[place] = await work(item, place);
    } catch (error) {
      failure ??= { error };
    }
  };
  try {
    for await (const item of items) {
      if (failure !== undefined) break;
      const task: Promise<void> = start(item, index++).finally(() => running.delete(task));
      running.add(task);
      if (running.size >= limit) await Promise.race(running);
      if (failure !== undefined) break;
    }
  } catch (error) {
    failure ??= { error };
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
  return results;
}
