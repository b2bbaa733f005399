import { isJsonObject } from '@sophia/shared';
import type { JsonObject, JsonValue } from '@sophia/types';
import type { RowValues } from '../read/source-row.ts';
import { comparable, isAscii } from './comparable.ts';

export type CellReader = (values: RowValues) => JsonValue | undefined;

/**
 * The function that reads a column: a cell by its place in a table, a member of an object by its name, or path unless told
 * otherwise, however it is composed.
 */
export function compileCellReader(column: string, columns: readonly string[] | undefined, takesPaths = true): CellReader {
  if (columns !== undefined) {
    const index = columns.indexOf(column);
    return (values) => (Array.isArray(values) ? values[index] : undefined);
  }
  const readWhole = compileMember(column);
  const path = takesPaths ? column.split('.').map(compileMember) : [readWhole];
  return (values) => {
    if (!isJsonObject(values)) return undefined;
    const whole = readWhole(values);
    return whole !== undefined || path.length === 1 ? whole : followPath(values, path);
  };
}

type MemberReader = (object: JsonObject) => JsonValue | undefined;

/** Reads a member of a name in NFC. Its own name is found at once, composed or decomposed, any other way to write it among all. */
function compileMember(name: string): MemberReader {
  if (isAscii(name)) return (object) => (Object.hasOwn(object, name) ? object[name] : undefined);
  const decomposed = name.normalize('NFD');
  return (object) => {
    if (Object.hasOwn(object, name)) return object[name];
    if (Object.hasOwn(object, decomposed)) return object[decomposed];
    const spelled = Object.keys(object).find((each) => comparable(each) === name);
    return spelled === undefined ? undefined : object[spelled];
  };
}

function followPath(values: JsonObject, path: readonly MemberReader[]): JsonValue | undefined {
  let value: JsonValue | undefined = values;
  for (const read of path) {
    if (!isJsonObject(value)) return undefined;
    value = read(value);
  }
  return value;
}
