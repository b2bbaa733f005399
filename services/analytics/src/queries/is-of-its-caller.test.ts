import { SophiaError } from '@sophia/shared';
import { expect, it } from 'vitest';
import { isOfItsCaller } from './is-of-its-caller.ts';

it('what came of waiting is of the one who waited, what is wrong with a question is of whoever asks it', () => {
  const errors = [
    ...(['overloaded', 'deadline_exceeded', 'result_too_large'] as const).map((code) => new SophiaError(code, 'no')),
    new Error('no'),
  ];
  expect(errors.map(isOfItsCaller)).toEqual([true, true, false, false]);
});
