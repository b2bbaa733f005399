import type { FieldType } from '@sophia/types';
import type { FieldLayout, WarehouseColumn } from '../warehouse.ts';
import { COLUMN_CODECS } from './column-codecs.ts';
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
  return `coalesce(${[sql(newest), ...older.map((column) => safeCast(sql(column), column.type, newest.type))].join(', ')})`;
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

function safeCast(sql: string, from: FieldType, to: FieldType): string {
  const source = from === 'reference' ? 'text' : from;
  const target = to === 'reference' ? 'text' : to;
  if (source === target) return sql;
  if (target === 'json') return `to_json(${sql})`;
  // What no JSON text is, but the text in it.
  const plain = source === 'json' ? `(${sql} ->> '$')` : sql;
  const cast = `try_cast(${plain} as ${COLUMN_CODECS[target].sql})`;
  switch (target) {
    case 'integer':
    case 'money':
      // try_cast rounds: what does not come back the same is not the value.
      return `case when ${cast} = try_cast(${plain} as decimal(38, 12)) then ${cast} end`;
    case 'date':
      return `case when ${cast} = try_cast(${plain} as timestamp) then ${cast} end`;
    case 'timestamp':
      // A cast to timestamp ignores an offset in a text.
      return source === 'date' ? cast : `cast(try_cast(${plain} as timestamptz) as timestamp)`;
    case 'text':
      return asText(plain, source);
    case 'text_list':
      return `case when ${plain} is not null then [${asText(plain, source)}] end`;
    case 'boolean':
      // try_cast takes every number but 0 for true.
      return NUMERIC.has(source) ? `case when ${plain} in (0, 1) then ${cast} end` : cast;
    default:
      return cast;
  }
}

const NUMERIC: ReadonlySet<FieldType> = new Set(['integer', 'number', 'money']);

/** The value as the catalog writes it: what a source sends as text later on is the same text. */
function asText(sql: string, from: FieldType): string {
  const text = `cast(${sql} as varchar)`;
  switch (from) {
    case 'number':
      // JSON has the digits and exponents of JavaScript but for 2.0 and 1e21; a cast to varchar has 1e-05 too.
      return `regexp_replace(regexp_replace(cast(to_json(${sql}) as varchar), '\\.0$', ''), 'e(\\d)', 'e+\\1')`;
    case 'money':
      return `rtrim(rtrim(${text}, '0'), '.')`;
    case 'timestamp':
      return `replace(${text}, ' ', 'T') || 'Z'`;
    default:
      return text;
  }
}
