import { expect, it } from 'vitest';
import { seededRandom } from './random.ts';

it('a seed gives the same sequence again, another seed another one', () => {
  const take = (seed: number) => {
    const random = seededRandom(seed);
    return Array.from({ length: 5 }, random);
  };
  expect(take(1)).toEqual(take(1));
  expect(take(1)).not.toEqual(take(2));
});

it('the numbers are even over [0, 1)', () => {
  const random = seededRandom(7);
  const buckets = new Array(10).fill(0);
  for (let index = 0; index < 10_000; index++) {
    const value = random();
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(1);
    buckets[Math.floor(value * 10)]++;
  }
  for (const count of buckets) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});
