import { expect, it } from 'vitest';
import { goOnText } from './imports.ts';

it.each([
  ['file', 'interrupted', '  go on with: sophia import --resume I1\n'],
  ['file', 'failed', '  go on with: sophia import --resume I1\n'],
  ['singer', 'failed', '  go on with: the tap, from its last state\n'],
  ['file', 'finished', ''],
  ['singer', 'running', ''],
] as const)('an import of a %s that is %s', (kind, state, text) => {
  expect(goOnText({ id: 'I1', kind, state })).toBe(text);
});
