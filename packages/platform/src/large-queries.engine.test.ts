import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform();
});
afterAll(() => test.close());

it('queries of very many words are answered each time, and neither they nor their answers are kept', async () => {
  const large = {
    metrics: ['deals_won'],
    filters: [{ field: 'deal.name', operator: 'in' as const, values: Array.from({ length: 900 }, (_, n) => `${n}`.padEnd(90, '.')) }],
  };
  const before = (await test.platform.analytics.status()).caches.answers.entries;
  for (let asked = 0; asked < 2; asked += 1) {
    const { rows, cache } = await test.ask(large);
    expect([rows, cache.tier]).toEqual([[[0]], 'none']);
  }
  expect((await test.platform.analytics.status()).caches.answers.entries).toBe(before);
  const small = { ...large, filters: [{ ...large.filters[0], field: 'deal.name', operator: 'in' as const, values: ['1'] }] };
  await test.ask(small);
  expect((await test.ask(small)).cache.tier).toBe('L1');
});
