import { type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';

/** Whether a column of this type holds such a value within its lists, structs and maps; keys of maps are texts in JSON. */
export function holdsWithin(type: DuckDBType, isSuch: (part: DuckDBType) => boolean): boolean {
  return partsOf(type).some((part) => isSuch(part) || holdsWithin(part, isSuch));
}

function partsOf(type: DuckDBType): readonly DuckDBType[] {
  switch (type.typeId) {
    case DuckDBTypeId.LIST:
    case DuckDBTypeId.MAP:
      return [type.valueType];
    case DuckDBTypeId.STRUCT:
      return type.entryTypes;
    default:
      return [];
  }
}

/** The type as SQL has it, with another in the place of each `FLOAT` that is no key. */
export function withFloatsAs(other: string, type: DuckDBType): string {
  switch (type.typeId) {
    case DuckDBTypeId.FLOAT:
      return other;
    case DuckDBTypeId.LIST:
      return `${withFloatsAs(other, type.valueType)}[]`;
    case DuckDBTypeId.MAP:
      return `map(${withFloatsAs('float', type.keyType)}, ${withFloatsAs(other, type.valueType)})`;
    case DuckDBTypeId.STRUCT:
      return `struct(${type.entryTypes.map((part, index) => `${identifier(`${type.entryNames[index]}`)} ${withFloatsAs(other, part)}`).join(', ')})`;
    default:
      return type.toString();
  }
}

export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
