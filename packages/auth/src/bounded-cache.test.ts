import { expect, it } from 'vitest';
import { createBoundedCache } from './bounded-cache.ts';

it('a bounded cache drops what was set longest ago', () => {
  const cache = createBoundedCache<string, number>(2);
  cache.set('a', 1);
  cache.set('b', 2);
  cache.set('a', 3);
  cache.set('c', 4);
  expect([...cache.values()]).toEqual([3, 4]);
  expect(cache.get('b')).toBeUndefined();
  cache.delete('a');
  expect(cache.get('a')).toBeUndefined();
});
