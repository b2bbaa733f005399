import type { JsonObject, JsonValue } from '@sophia/types';
import type { RowValues } from '../read/source-row.ts';
import { type CellReader, compileCellReader } from './column-access.ts';
import { compileRepairs } from './compile-repairs.ts';
import type { Mapping } from './mapping.ts';

export interface Cells {
  /** In the order of the used columns. Valid until the next row is read. */
  readonly values: readonly (JsonValue | undefined)[];
  /** Raw values of repaired cells, by the fields that they go to. */
  readonly original: JsonObject | undefined;
  readonly repairs: readonly string[] | undefined;
}

/** Compiles the reading of the columns that a mapping uses: texts that mean nothing are nothing, and mistakes are repaired. */
export function compileCells(mapping: Mapping, used: readonly string[], columns: readonly string[] | undefined): (row: RowValues) => Cells {
  const readers: readonly CellReader[] = used.map((column) => compileCellReader(column, columns));
  const repairers = used.map((column) => compileRepairs(column, mapping.repairs));
  const targets = used.map((column) => targetsOf(mapping, column));
  const nulls = new Set(mapping.null_values);
  const isCareful = nulls.size > 0 || repairers.some((repair) => repair !== undefined);
  const values: (JsonValue | undefined)[] = new Array(used.length).fill(undefined);

  return (row) => {
    for (let slot = 0; slot < readers.length; slot += 1) values[slot] = readers[slot]?.(row);
    if (!isCareful) return { values, original: undefined, repairs: undefined };
    let original: Record<string, JsonValue> | undefined;
    let repairs: string[] | undefined;
    for (let slot = 0; slot < values.length; slot += 1) {
      const value = values[slot];
      if (typeof value !== 'string') continue;
      if (nulls.has(value.trim())) {
        values[slot] = undefined;
        continue;
      }
      const repaired = repairers[slot]?.(value);
      if (repaired === undefined || repaired.rules.length === 0) continue;
      values[slot] = repaired.value;
      repairs = [...(repairs ?? []), ...repaired.rules];
      original ??= {};
      for (const field of targets[slot] ?? []) original[field] = value;
    }
    return { values, original, repairs };
  };
}

/** Where a column's values go. */
function targetsOf(mapping: Mapping, column: string): readonly string[] {
  const fields = mapping.fields.filter((field) => field.kind === 'column' && field.rule.column === column).map((field) => field.field);
  return mapping.source_id.includes(column) ? ['source_id', ...fields] : fields;
}
