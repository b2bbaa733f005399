import { expect, test } from 'vitest';
import { createKnownTokens } from './known-tokens.ts';

test('the latest tokens are known, those of long ago are not', () => {
  const tokens = createKnownTokens(2);
  for (const token of ['a', 'b', 'c', 'd', 'd', 'e']) tokens.add(token);
  expect(['a', 'b', 'c', 'd', 'e', 'f'].map(tokens.has)).toEqual([false, false, true, true, true, false]);
});
