import type { JsonObject, JsonValue } from '@sophia/types';
import type { RowValues } from '../read/source-row.ts';

export type CellReader = (values: RowValues) => JsonValue | undefined;

/** The function that reads a column: a cell by its place in a table, a member of an object by its name or path, composed or decomposed. */
export function compileCellReader(column: string, columns: readonly string[] | undefined): CellReader {
  if (columns !== undefined) {
    const index = columns.indexOf(column);
    return (values) => (Array.isArray(values) ? values[index] : undefined);
  }
  const path = column.split('.');
  const readMember: CellReader = (values) => {
    if (!isObject(values)) return undefined;
    return Object.hasOwn(values, column) ? values[column] : followPath(values, path);
  };
  const decomposed = column.normalize('NFD');
  if (decomposed === column) return readMember;
  const readDecomposed = compileCellReader(decomposed, undefined);
  return (values) => readMember(values) ?? readDecomposed(values);
}

function followPath(values: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = values;
  for (const name of path) {
    if (!isObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

const isObject = (value: RowValues | JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
