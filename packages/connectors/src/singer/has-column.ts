import { isJsonObject } from '@sophia/shared';
import type { JsonObject, JsonValue } from '@sophia/types';
import { propertyNames, variantsOf } from './singer-record-type.ts';

/**
 * Whether records of this schema may have a column that a mapping reads: a property, or a path such as `owner.email`
 * through properties. An object within that does not list its properties may have any.
 */
export function hasColumn(schema: JsonObject, column: string): boolean {
  const names = propertyNames(schema);
  const [first = '', ...rest] = column.split('.');
  return names.includes(column) || (names.includes(first) && isJsonObject(schema.properties) && hasPath(schema.properties[first], rest));
}

function hasPath(schema: JsonValue | undefined, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  return variantsOf(schema).some(({ type, properties }) => {
    const listed = isJsonObject(properties) ? properties : {};
    if (Object.keys(listed).length === 0) return type === undefined || [type].flat().includes('object');
    return Object.hasOwn(listed, name) && hasPath(listed[name], rest);
  });
}
