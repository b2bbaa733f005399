import type { Filter } from '@sophia/types';
import { expect, it } from 'vitest';
import { type BoundExpression, literal, operation } from '../expression/bound-expression.ts';
import { bindFilter, FilterProblem } from './bind-filter.ts';

it('texts are compared in NFC, as they are stored, and else as they are given', () => {
  const name = literal('text', 'x'); // stands for a field
  const filter: Filter = { field: 'name', operator: 'in', values: ['Zu\u0308rich', ' Zug '] };
  expect(bindFilter(filter, () => name)).toEqual(
    operation('in', 'boolean', [name, literal('text', 'Z\u00fcrich'), literal('text', ' Zug ')]),
  );
});

it('fields that come to too much are refused, however few they are', () => {
  let name: BoundExpression = literal('text', 'x');
  for (let doubled = 0; doubled < 10; doubled += 1) name = operation('concat', 'text', [name, name]);
  const parts = (count: number): Filter => ({ or: Array.from({ length: count }, () => ({ field: 'name', operator: 'is_null' })) });
  expect(bindFilter(parts(9), () => name)).toMatchObject({ operation: 'or' });
  const message = 'the fields of filters come to at most 20000 operations and values';
  expect(() => bindFilter(parts(10), () => name)).toThrow(new FilterProblem(message));
});
