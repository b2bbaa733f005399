import type { ColumnType } from '@sophia/types';
import type { ValueType } from '../expression/bound-expression.ts';

/** How each type of value is told in an answer. */
export const COLUMN_TYPES: Readonly<Record<ValueType, ColumnType>> = {
  text: 'text',
  integer: 'integer',
  number: 'number',
  money: 'decimal',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamp',
  text_list: 'text',
  json: 'text',
};
