import { expect, test } from 'vitest';
import { openGenerations } from './generations.ts';
import type { Meta } from './meta.ts';
import type { Store } from './store.ts';

/** Generations over stores that only say what is done to them; `files` remembers which one is in use. */
const openFakes = async (remove: (generation: number) => Promise<void> = async () => undefined) => {
  const done: string[] = [];
  let inUse = 1;
  let broken: number | undefined;
  let turn: Promise<void> = Promise.resolve();
  let whileUsed = async (): Promise<void> => undefined;
  const openStore = async (generation: number): Promise<Store> => {
    done.push(`open ${generation}`);
    const meta = {
      applied: { generation, cursor: null, tick: 0, completeTo: null },
      layouts: new Map(),
      derived: new Map(),
    } as Partial<Meta> as Meta;
    const store = {
      meta: () => meta,
      isBroken: () => generation === broken,
      setDerivedTables: async () => undefined,
      handOver: (work: (of: Meta) => Promise<void>) => {
        turn = work(meta);
        return turn;
      },
      limitMemory: async (megabytes: number) => void done.push(`${generation} has ${megabytes} MB`),
      close: () => turn.then(() => void done.push(`close ${generation}`)),
    };
    // All that a generation takes of its store.
    return store as Partial<Store> as Store;
  };
  const files = {
    current: async () => inUse,
    pathOf: String,
    use: async (generation: number) => {
      await whileUsed();
      inUse = generation;
    },
    remove,
    removeAllBut: async () => undefined,
  };
  return {
    done,
    /** The store of this generation is in doubt from then on, while the next one is being made the one in use. */
    breakDownWhileUsed: (generation: number, meanwhile: () => Promise<void>) => {
      whileUsed = async () => {
        broken = generation;
        await meanwhile();
      };
    },
    generations: await openGenerations({ files, memoryLimitMb: 100, openStore }),
  };
};

test('the one in use has all the memory also where the file of the one before cannot be removed', async () => {
  const removed: number[] = [];
  const { done, generations } = await openFakes(async (generation) => {
    removed.push(generation);
    if (generation === 1) throw new Error('not permitted');
  });
  const rebuild = await generations.startRebuild();
  await expect(rebuild.switchOver()).rejects.toThrow('not permitted');
  expect([removed, done]).toEqual([
    [2, 1],
    ['open 1', 'open 2', 'close 1', '2 has 100 MB'],
  ]);
  expect(generations.store.meta().applied.generation).toBe(2);
  await (await generations.startRebuild()).abandon();
});

test('one that breaks down while it is switched from is not opened in the place of the next', async () => {
  const { done, breakDownWhileUsed, generations } = await openFakes();
  const rebuild = await generations.startRebuild();
  let opening: Promise<unknown> = Promise.resolve();
  breakDownWhileUsed(1, async () => {
    opening = generations.usable();
  });
  await rebuild.switchOver();
  await opening;
  expect([generations.store.meta().applied.generation, done.filter((what) => what === 'open 1')]).toEqual([2, ['open 1']]);
  await generations.close();
});
