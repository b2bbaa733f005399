import { expect, test } from 'vitest';
import { createOwnTokens } from './own-tokens.ts';

test('the latest tokens are known, the oldest are not', () => {
  const tokens = createOwnTokens(2);
  for (const token of ['a', 'b', 'b', 'c']) tokens.add(token);
  expect(['a', 'b', 'c', 'd'].map(tokens.has)).toEqual([false, true, true, false]);
});
