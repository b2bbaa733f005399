import type { JsonObject, JsonValue } from '@sophia/types';
import type { RowValues } from '../read/source-row.ts';
import { compileCellReader } from './column-access.ts';
import { comparable } from './comparable.ts';
import { compileRepairs } from './compile-repairs.ts';
import type { Mapping } from './mapping.ts';

export interface Cells {
  /** In the order of the used columns. Valid until the next row is read. */
  readonly values: readonly (JsonValue | undefined)[];
  /** Raw values of repaired cells, by the fields that they go to. */
  readonly original: JsonObject | undefined;
  readonly repairs: readonly string[] | undefined;
}

/**
 * Compiles the reading of the columns that a mapping uses: texts that mean nothing are nothing, and mistakes are repaired.
 * Numbers and booleans are compared by their text, so that a table of any format gives the same.
 */
export function compileCells(mapping: Mapping, used: readonly string[], columns: readonly string[] | undefined): (row: RowValues) => Cells {
  const slots = used.map((column) => ({
    read: compileCellReader(column, columns, mapping.exact_names !== true),
    repair: compileRepairs(column, mapping.repairs),
    targets: targetsOf(mapping, column),
  }));
  const nulls = new Set(mapping.null_values);
  const isCareful = nulls.size > 0 || slots.some((slot) => slot.repair !== undefined);
  const values: (JsonValue | undefined)[] = new Array(used.length).fill(undefined);

  return (row) => {
    let original: Record<string, JsonValue> | undefined;
    let repairs: string[] | undefined;
    let index = -1;
    for (const { read, repair, targets } of slots) {
      index += 1;
      const value = read(row);
      values[index] = value;
      if (!isCareful || value === undefined || typeof value === 'object') continue;
      const text = comparable(value);
      if (nulls.has(text.trim())) {
        values[index] = undefined;
        continue;
      }
      const repaired = repair?.(text);
      if (repaired === undefined || repaired.rules.length === 0) continue;
      values[index] = repaired.value;
      repairs = [...(repairs ?? []), ...repaired.rules];
      original ??= {};
      for (const field of targets) original[field] = value;
    }
    return { values, original, repairs };
  };
}

/** Where a column's values go. */
function targetsOf(mapping: Mapping, column: string): readonly string[] {
  const fields = mapping.fields.filter((field) => field.kind === 'column' && field.rule.column === column).map((field) => field.field);
  return mapping.source_id.includes(column) ? ['source_id', ...fields] : fields;
}
