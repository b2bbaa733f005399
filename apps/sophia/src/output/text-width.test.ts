import { expect, it } from 'vitest';
import { plainLines, plainText } from './text-width.ts';

it('nothing turns the direction of what follows, and lines stay lines', () => {
  expect(plainText('invoice\u202ecod.exe \u2066x\u2069')).toBe('invoice\ufffdcod.exe \ufffdx\ufffd');
  expect(plainLines('a\u0007\nb\tc')).toBe('a\ufffd\nb c');
});
