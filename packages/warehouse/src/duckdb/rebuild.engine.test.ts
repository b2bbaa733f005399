import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ONE, TEST_TYPES } from '../testing/log-script.ts';
import { createRebuild } from './rebuild.ts';
import { openStore, type Store } from './store.ts';

let folder: string;
let live: Store;
let next: Store;
const errors: unknown[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sophia-rebuild-'));
  const open = (generation: number) =>
    openStore({
      path: join(folder, `warehouse.${generation}.duckdb`),
      generation,
      memoryLimitMb: 64,
      threads: 1,
      readers: 1,
      waiting: 1,
      writeDeadline: 60_000,
      builtinTypes: TEST_TYPES,
      maintenance: { onError: (error) => errors.push(error) },
    });
  live = await open(1);
  next = await open(2);
});
afterEach(async () => {
  await live.close(0);
  await next.close(0);
  await rm(folder, { recursive: true });
  expect(errors.splice(0)).toEqual([]);
});

test('W7: what the warehouse is told of while it is about to be switched is in the one that takes its place', async () => {
  const told: Store = {
    ...live,
    async handOver(work) {
      await live.ensureType(ONE, 'errand', [{ name: 'size', type: 'integer' }]);
      await live.setDerivedTables([
        {
          name: 'rollup_late',
          fingerprint: '1',
          reads: [],
          create: [{ text: 'create table rollup_late as select 1', parameters: [] }],
          refresh: [],
        },
      ]);
      await live.handOver(work);
    },
  };
  const seen: unknown[] = [];
  const rebuild = createRebuild({
    live: () => told,
    next,
    async use() {
      const { layouts, derived } = next.meta();
      seen.push(
        [...layouts.values()].some(({ recordType }) => recordType === 'errand'),
        [...derived.keys()],
      );
    },
    discard: async () => undefined,
  });
  await rebuild.switchOver();
  expect(seen).toEqual([true, ['rollup_late']]);
});

test.each([
  ['waits for its turn', 'given up'],
  ['is under way', 'in use'],
])('W7: one that is given up while its switch %s is %s, and never both', async (moment, outcome) => {
  const done: string[] = [];
  let givenUp: Promise<void> | undefined;
  const giveUp = () => {
    givenUp = rebuild.abandon();
  };
  const rebuild = createRebuild({
    live: () => ({
      ...live,
      async handOver(work) {
        if (moment === 'waits for its turn') giveUp();
        await live.handOver(work);
      },
    }),
    next,
    async use() {
      await live.query({ text: 'select 1', parameters: [] });
      if (moment === 'is under way') giveUp();
      await live.query({ text: 'select 1', parameters: [] });
      done.push('in use');
    },
    discard: async (store) => void done.push(store === next ? 'given up' : 'removed'),
  });
  const [switched] = await Promise.allSettled([rebuild.switchOver()]);
  await givenUp;
  expect(switched.status).toBe(outcome === 'in use' ? 'fulfilled' : 'rejected');
  expect(done).toEqual(outcome === 'in use' ? ['in use', 'removed'] : ['given up']);
});
