import { dialects, valueTypeOf } from '@sophia/core';
import type { FieldLayout, WarehouseColumn } from '../warehouse.ts';
import { quote } from './identifiers.ts';
import { systemColumn } from './table-layout.ts';

/**
 * SQL of a field's value in a row of `alias`: its newest column that is not null, older ones cast to the newest type
 * where that loses nothing, else null. A row is written in one go, so that at most one of the columns has a value.
 */
export function fieldExpression({ columns }: Pick<FieldLayout, 'columns'>, alias: string): string {
  const [newest, ...older] = columns;
  const sql = (column: WarehouseColumn) => `${alias}.${quote(column.name)}`;
  if (older.length === 0) return sql(newest);
  const type = valueTypeOf(newest.type);
  const casts = older.map((column) => dialects.duckdb.safeCast(sql(column), valueTypeOf(column.type), type));
  return `coalesce(${[sql(newest), ...casts].join(', ')})`;
}

/** SQL of the source system that a reference names: the record's own where an older column held its id as another type. */
export function systemExpression({ columns }: Pick<FieldLayout, 'columns'>, alias: string, recordAlias: string): string {
  const cases = columns.map(({ name, type }) => {
    const system = type === 'reference' ? `${alias}.${quote(systemColumn(name))}` : `${recordAlias}.source_system`;
    return `when ${alias}.${quote(name)} is not null then ${system}`;
  });
  const [newest] = columns;
  if (columns.length === 1) return `${alias}.${quote(systemColumn(newest.name))}`;
  return `case ${cases.join(' ')} end`;
}
