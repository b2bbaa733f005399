import type { Filter } from '@sophia/types';
import { expect, it } from 'vitest';
import { literal, operation } from '../expression/bound-expression.ts';
import { bindFilter } from './bind-filter.ts';

it('texts are compared in NFC, as they are stored, and else as they are given', () => {
  const name = literal('text', 'x'); // stands for a field
  const filter: Filter = { field: 'name', operator: 'in', values: ['Zu\u0308rich', ' Zug '] };
  expect(bindFilter(filter, () => name)).toEqual(
    operation('in', 'boolean', [name, literal('text', 'Z\u00fcrich'), literal('text', ' Zug ')]),
  );
});
