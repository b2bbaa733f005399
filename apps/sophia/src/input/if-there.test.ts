import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ifThere } from './if-there.ts';

test('what is not there is undefined, and what cannot be looked at says why', async () => {
  expect(await ifThere(readFile('/nowhere/at/all'))).toBeUndefined();
  expect(await ifThere(Promise.resolve('there'))).toBe('there');
  await expect(ifThere(readFile('/'))).rejects.toMatchObject({ code: 'EISDIR' });
});
