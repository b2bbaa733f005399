import { FieldFailure, normalizeBoolean, rowError } from '@sophia/core';
import type { FieldDefinition, JsonValue, RecordTypeDefinition, RowError } from '@sophia/types';
import type { ImportRow } from '../import-item.ts';
import type { SourceRow } from '../read/source-row.ts';
import { comparable } from './comparable.ts';
import { compileCells } from './compile-cells.ts';
import { compileId } from './compile-id.ts';
import { compileUnused } from './compile-unused.ts';
import { compileValue, type ValueReader } from './compile-value.ts';
import type { ColumnRule, Mapping } from './mapping.ts';
import { columnsOf } from './mapping-columns.ts';
import { unreadable } from './unreadable-row.ts';

/** Makes one row of the source a row for the catalog. */
export type RowMapper = (row: SourceRow) => ImportRow;

interface Assignment {
  readonly field: string;
  readonly slot: number;
  readonly read: ValueReader | undefined;
}

const OCCURRED_AT: FieldDefinition = { name: 'occurred_at', type: 'timestamp' };
const PRIORITY: FieldDefinition = { name: 'business_priority', type: 'text' };

/**
 * Compiles a mapping, whose formats are resolved (`resolveFormats`), for a source with these columns (undefined where its
 * rows are objects). A value that cannot be read as the mapping says is an error of its row and stays in the field as it
 * was, to be repaired. Members of objects that `isLeftOut` tells are left out like those of `ignore`.
 */
export function compileMapping(
  mapping: Mapping,
  definition: RecordTypeDefinition,
  columns: readonly string[] | undefined,
  isLeftOut?: (member: string) => boolean,
): RowMapper {
  const used = columnsOf(mapping);
  const slotOf = (column: string): number => used.indexOf(column);
  const cells = compileCells(mapping, used, columns);
  const unused = compileUnused(mapping, used, columns, isLeftOut);
  const assignment = (field: FieldDefinition, rule: ColumnRule): Assignment => ({
    field: field.name,
    slot: slotOf(rule.column),
    read: compileValue(rule, field, columns !== undefined),
  });
  const assignments: Assignment[] = [];
  const constants: (readonly [field: string, value: JsonValue])[] = [];
  for (const rule of mapping.fields) {
    const field = definition.fields.find((each) => each.name === rule.field);
    if (rule.kind === 'constant') constants.push([rule.field, rule.value]);
    else if (field !== undefined) assignments.push(assignment(field, rule.rule));
  }
  const occurredAt = mapping.occurred_at === undefined ? undefined : assignment(OCCURRED_AT, mapping.occurred_at);
  const priority = mapping.business_priority === undefined ? undefined : assignment(PRIORITY, mapping.business_priority);
  const versionSlot = mapping.source_version === undefined ? -1 : slotOf(mapping.source_version);
  const readId = compileId(mapping.source_id.map(slotOf), mapping.separator);
  const deletedSlot = mapping.deleted === undefined ? -1 : slotOf(mapping.deleted.column);
  const readDeleted = compileDeleted(mapping.deleted?.values);

  return (row) => {
    if (row.errors !== undefined) return unreadable(row);
    const { values, original, repairs } = cells(row.values);
    const errors: RowError[] = [];
    const read = ({ field, slot, read: readValue }: Assignment): JsonValue | undefined => {
      const value = values[slot];
      if (value === undefined || value === null || value === '' || readValue === undefined) return value;
      const result = readValue(value);
      if (!(result instanceof FieldFailure)) return result;
      errors.push(rowError(row.line, result, field, value));
      return value;
    };
    const fields: Record<string, JsonValue> = {};
    for (const each of assignments) {
      const value = read(each);
      if (value !== undefined && value !== null && value !== '') fields[each.field] = value;
    }
    const deleted = row.deleted === true || readDeleted(values[deletedSlot]);
    // A deletion is not judged by its fields: the state that says "removed" is none that the mapping knows.
    if (errors.length > 0 && normalizeBoolean(deleted) === true) errors.length = 0;
    for (const [field, value] of constants) fields[field] = value;
    const extra = unused?.(row.values);
    if (extra !== undefined) fields.extra = extra;
    return {
      line: row.line,
      source_id: readId(values),
      occurred_at: occurredAt === undefined ? undefined : read(occurredAt),
      source_version: values[versionSlot],
      business_priority: priority === undefined ? undefined : read(priority),
      fields,
      original,
      deleted,
      repairs,
      errors: errors.length === 0 ? undefined : errors,
    };
  };
}

/** The reader of what marks a deletion: the mapping's own values as in the table of a field, else the value as it is, to be judged as a boolean. */
function compileDeleted(values: readonly string[] | undefined): (value: JsonValue | undefined) => JsonValue | undefined {
  if (values === undefined) return (value) => value;
  const marks = new Set(values.map((value) => value.trim()));
  return (value) => marks.has(comparable(value).trim());
}
