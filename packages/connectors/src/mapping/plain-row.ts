import type { JsonObject, JsonValue } from '@sophia/types';
import type { ImportRow } from '../import-item.ts';
import type { RowValues, SourceRow } from '../read/source-row.ts';
import { type CellReader, compileCellReader } from './column-access.ts';
import { unreadable } from './unreadable-row.ts';

/** Columns that are not fields of the type. */
const COMMON: ReadonlySet<string> = new Set(['source_id', 'occurred_at', 'source_version', 'business_priority', 'deleted']);

/** Compiles the reading of rows whose columns are named as the record type's fields. */
export function compilePlainRow(columns: readonly string[] | undefined): (row: SourceRow) => ImportRow {
  const read = columns === undefined ? plainObject : compilePlainCells(columns);
  return (row) => (row.errors === undefined ? read(row.line, row.values) : unreadable(row));
}

function compilePlainCells(columns: readonly string[]): (line: number, values: RowValues) => ImportRow {
  const fieldColumns = columns.map((name, index) => ({ name, index })).filter(({ name }) => !COMMON.has(name));
  const cell = (name: string): CellReader => compileCellReader(name, columns);
  const [id, occurredAt, version] = [cell('source_id'), cell('occurred_at'), cell('source_version')];
  const [priority, deleted] = [cell('business_priority'), cell('deleted')];
  return (line, values) => {
    const fields: Record<string, JsonValue> = {};
    const cells = Array.isArray(values) ? values : [];
    for (const { name, index } of fieldColumns) {
      const value = cells[index];
      if (value !== '' && value !== undefined) setOwn(fields, name, value);
    }
    return plainRow(line, fields, id(values), occurredAt(values), version(values), priority(values), deleted(values));
  };
}

/** An object of JSON, sent as a row, as the catalog takes it in. */
export function plainObject(line: number, values: RowValues): ImportRow {
  const object: JsonObject = isCells(values) ? {} : values;
  const fields: Record<string, JsonValue> = {};
  for (const name in object) {
    const value = object[name];
    if (!COMMON.has(name) && value !== undefined) setOwn(fields, name, value);
  }
  return plainRow(line, fields, object.source_id, object.occurred_at, object.source_version, object.business_priority, object.deleted);
}

function plainRow(
  line: number,
  fields: JsonObject,
  source_id: JsonValue | undefined,
  occurred_at: JsonValue | undefined,
  source_version: JsonValue | undefined,
  business_priority: JsonValue | undefined,
  deleted: JsonValue | undefined,
): ImportRow {
  return { line, source_id, occurred_at, source_version, business_priority, fields, deleted };
}

/** A field of that name is refused when the row is judged; set plainly, its members would become fields. */
function setOwn(fields: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name === '__proto__') Object.defineProperty(fields, name, { value, enumerable: true });
  else fields[name] = value;
}

const isCells = (values: RowValues): values is readonly JsonValue[] => Array.isArray(values);
