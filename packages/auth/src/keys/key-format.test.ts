import type { WorkspaceId } from '@sophia/types';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hashSecret, isSameHash, makeKey, parseKey } from './key-format.ts';

it('a key says its id, secret and workspace again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_147_483_647 }), (number) => {
      const { text, ...parts } = makeKey(number as WorkspaceId);
      expect(parseKey(text)).toEqual(parts);
      expect(parts.workspace).toBe(number);
      expect(text).toMatch(/^sophia_[0-9a-z]{16,22}_[\w-]{43}$/);
    }),
  );
});

it('no two keys are the same', () => {
  const keys = Array.from({ length: 1_000 }, () => makeKey(1 as WorkspaceId));
  expect(new Set(keys.map(({ id }) => id)).size).toBe(1_000);
  expect(new Set(keys.map(({ secret }) => secret)).size).toBe(1_000);
});

const secret = 'x'.repeat(43);
it.each([
  '',
  'sophia_',
  `sophia__${secret}`,
  `sophia_short_${secret}`,
  `sophia_81234567abcdefghijklmn_${secret}`,
  `sophia_21abcdefghijklmn_${secret}`,
  `sophia_10abcdefghijklmn_${secret}`,
  `sophia_7zzzzzzzabcdefghijklmn_${secret}`,
  `sophia_11ABCDEFGHIJKLMN_${secret}`,
  `sophia_11abcdefghijklmn_${secret}x`,
  `sophie_11abcdefghijklmn_${secret}`,
])('%j is no key', (text) => {
  expect(parseKey(text)).toBeUndefined();
});

it('no text is read as a key that it is not', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (id, rest) => {
      const parts = parseKey(`sophia_${id}_${rest}`);
      if (parts !== undefined) expect(`sophia_${parts.id}_${parts.secret}`).toBe(`sophia_${id}_${rest}`);
    }),
  );
});

it('hashes are compared whole', () => {
  expect(isSameHash(hashSecret('a'), hashSecret('a'))).toBe(true);
  expect(isSameHash(hashSecret('a'), hashSecret('b'))).toBe(false);
  expect(isSameHash(hashSecret('a'), Buffer.from('a'))).toBe(false);
});
