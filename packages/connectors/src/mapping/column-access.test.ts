import { expect, test } from 'vitest';
import { compileCellReader } from './column-access.ts';

test.each(['constructor', 'toString', '__proto__', 'a.constructor'])('an object without a member %s has no value of it', (name) => {
  const read = compileCellReader(name, undefined);
  expect(read({ a: {} })).toBeUndefined();
  expect(read(JSON.parse(`{ "${name}": "own" }`))).toBe('own');
});
