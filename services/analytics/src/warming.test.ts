import { createMemoryCache } from '@sophia/cache/memory';
import type { Position } from '@sophia/types';
import { expect, it } from 'vitest';
import type { PreparedQuery } from './queries/prepared-queries.ts';
import { createWarming } from './warming.ts';

const clock = { now: () => 0, monotonic: () => 0 };
const readPoint = { tick: 1, position: 'e.1.0' as Position, completeTo: '' };
// Warming looks at nothing of a query but its key.
const query = (key: string) => ({ key }) as PreparedQuery;

const open = (most: number) => {
  const answers = createMemoryCache({ maximumBytes: 1e6, clock });
  const warmed: string[] = [];
  const errors: unknown[] = [];
  const outdated = new Set<string>();
  const warming = createWarming({
    answers,
    most,
    isCurrent: ({ key }) => !outdated.has(key),
    onError: (error) => errors.push(error),
    warm: async ({ key }) => {
      if (key === 'broken') throw new Error('no');
      warmed.push(key);
      await answers.getOrLoad(key, { dependencies: [], ttl: 1e6 }, async () => ({ bytes: Buffer.from(key), readPoint }));
    },
  });
  const ask = (key: string, times: number) => {
    for (let time = 0; time < times; time += 1) warming.asked(query(key));
  };
  return { warming, warmed, errors, outdated, answers, ask };
};

it('warms what is asked most and is not in memory, the most asked first', async () => {
  const { warming, warmed, ask } = open(2);
  ask('rare', 1);
  ask('some', 4);
  ask('most', 9);
  ask('less', 3);
  warming.warmSoon();
  warming.warmSoon();
  await expect.poll(() => warmed).toEqual(['most', 'some']);
  await warming.close();
});

it('goes on after an answer that cannot be computed', async () => {
  const { warming, warmed, errors, ask } = open(5);
  ask('broken', 9);
  ask('fine', 5);
  warming.warmSoon();
  await expect.poll(() => warmed).toEqual(['fine']);
  expect(errors).toHaveLength(1);
  await warming.close();
  warming.warmSoon();
});

it('can be switched off, and forgets old habits', async () => {
  const off = open(0);
  off.ask('a', 9);
  off.warming.warmSoon();
  await off.warming.close();
  expect(off.warmed).toEqual([]);

  const { warming, warmed, ask } = open(5);
  ask('old', 5);
  ask('new', 40_000);
  warming.warmSoon();
  await expect.poll(() => warmed).toEqual(['new']);
  await warming.close();
});

it('warms nothing that is compiled against what is no more', async () => {
  const { warming, warmed, outdated, answers, ask } = open(5);
  ask('old', 9);
  ask('new', 5);
  warming.warmSoon();
  await expect.poll(() => warmed).toEqual(['old', 'new']);
  outdated.add('old');
  answers.clear();
  warming.warmSoon();
  await expect.poll(() => warmed).toEqual(['old', 'new', 'new']);
  // It came back under the same name: its questions are counted anew.
  outdated.clear();
  answers.clear();
  warming.warmSoon();
  await expect.poll(() => warmed).toEqual(['old', 'new', 'new', 'new']);
  await warming.close();
});

it('makes room for new questions by the least asked of very many', async () => {
  const { warming, warmed, ask } = open(2);
  ask('most', 50);
  for (let other = 0; other < 600; other += 1) ask(`other ${other}`, 2);
  ask('late', 9);
  warming.warmSoon();
  await expect.poll(() => warmed).toEqual(['most', 'late']);
  await warming.close();
});

it('ends after the answer in hand when it is closed', async () => {
  const gate = Promise.withResolvers<void>();
  const warmed: string[] = [];
  const warming = createWarming({
    answers: createMemoryCache({ maximumBytes: 1e6, clock }),
    most: 5,
    isCurrent: () => true,
    onError: () => undefined,
    warm({ key }) {
      warmed.push(key);
      return gate.promise;
    },
  });
  for (const key of ['first', 'first', 'first', 'first', 'second', 'second', 'second']) warming.asked(query(key));
  warming.warmSoon();
  const closing = warming.close();
  gate.resolve();
  await closing;
  expect(warmed).toEqual(['first']);
});
