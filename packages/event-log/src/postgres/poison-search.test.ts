import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPoisonSearch } from './poison-search.ts';

/** Hands `count` events over in batches, as a consumer does; a batch with a poison event in it fails. */
function consume(count: number, poison: ReadonlySet<number>, batchSize: number, attempts: number) {
  const search = createPoisonSearch(batchSize, attempts);
  const handled: number[] = [];
  const aside: number[] = [];
  const tries = new Map<number, number>();
  let calls = 0;
  for (let next = 1; next <= count; ) {
    const batch = Array.from({ length: Math.min(search.size, count - next + 1) }, (_, index) => next + index).filter(
      (event) => !aside.includes(event),
    );
    const end = { tick: 1, offset: next + Math.min(search.size, count - next + 1) - 1 };
    calls++;
    if (!batch.some((event) => poison.has(event))) {
      handled.push(...batch);
      next = end.offset + 1;
      search.succeeded(end);
      continue;
    }
    const [alone, ...others] = batch;
    if (others.length === 0 && alone !== undefined) tries.set(alone, (tries.get(alone) ?? 0) + 1);
    if (search.failed(batch.length, end) === 'set_aside' && alone !== undefined) aside.push(alone);
  }
  return { handled, aside, tries, calls };
}

test('exactly the poison events are set aside, the others are handled once and in order', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 1, max: 4 }),
      (count, numbers, batchSize, attempts) => {
        const poison = new Set(numbers.filter((number) => number <= count));
        const { handled, aside, tries } = consume(count, poison, batchSize, attempts);
        expect(aside).toEqual([...poison].sort((a, b) => a - b));
        expect(handled).toEqual(Array.from({ length: count }, (_, index) => index + 1).filter((event) => !poison.has(event)));
        for (const event of poison) expect(tries.get(event)).toBe(attempts);
      },
    ),
  );
});

test('one poison event among thousands is found in a number of attempts that grows with the logarithm', () => {
  const { calls } = consume(4_096, new Set([1_777]), 4_096, 3);
  expect(calls).toBeLessThan(50);
});

test('what comes behind the batch that was searched is tried whole, and as often as any', () => {
  const search = createPoisonSearch(4, 2);
  const at = (offset: number) => ({ tick: 1, offset });
  expect([search.failed(4, at(4)), search.failed(4, at(4))]).toEqual(['try_again', 'split']);
  search.succeeded(at(2));
  search.succeeded(at(4));
  expect(search.size).toBe(4);
  expect([search.failed(4, at(8)), search.failed(4, at(8))]).toEqual(['try_again', 'split']);
});

test('a batch without events is tried again for as long as it takes', () => {
  const search = createPoisonSearch(10, 2);
  const answers = Array.from({ length: 20 }, () => search.failed(0, { tick: 1, offset: 0 }));
  expect(new Set(answers)).toEqual(new Set(['try_again']));
  expect(search.failures).toBe(20);
});
