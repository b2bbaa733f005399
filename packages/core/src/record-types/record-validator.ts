import type { JsonObject, JsonValue, RecordTypeDefinition, RowError } from '@sophia/types';
import { collectExtra } from './extra-fields.ts';
import { FieldFailure } from './field-failure.ts';
import { compileFieldNormalizer, type FieldNormalizer } from './field-normalizer.ts';
import { rowError } from './row-error.ts';

export interface ValidatedFields {
  /** The type's fields in canonical form, without nulls; what the type does not know stands under `extra`. */
  readonly data: JsonObject;
  readonly errors: readonly RowError[];
  /** Errors of required fields that have no value and were said to need none in the row itself. */
  readonly lacking?: readonly RowError[] | undefined;
}

/** @param mayLack fields that are required of the record, and not of what this row says of it */
export type RecordValidator = (fields: JsonObject, line: number, mayLack?: ReadonlySet<string>) => ValidatedFields;

const NONE: readonly RowError[] = [];

/**
 * Compiles a record type into the function that every row of it passes: each value is checked and brought to the one
 * form in which it is stored, compared and hashed (see `normalize-*.ts`). Empty text is null, and null is left out.
 * The row is good if `errors` is empty; they are in the order of the row's columns, the missing fields last.
 */
export function compileRecordValidator(definition: RecordTypeDefinition): RecordValidator {
  const normalizers: ReadonlyMap<string, FieldNormalizer> = new Map(
    definition.fields.map((field) => [field.name, compileFieldNormalizer(field)]),
  );
  const required = definition.fields.filter((field) => field.required === true).map((field) => field.name);
  return (fields, line, mayLack) => {
    const data: Record<string, JsonValue> = {};
    let errors: RowError[] | undefined;
    let lacking: RowError[] | undefined;
    let unknown: string[] | undefined;
    for (const name in fields) {
      const normalize = normalizers.get(name);
      if (normalize === undefined) {
        unknown = append(unknown, name);
        continue;
      }
      const value = normalize(fields[name]);
      if (value instanceof FieldFailure) errors = append(errors, rowError(line, value, name, fields[name]));
      else if (value !== undefined) data[name] = value;
    }
    if (unknown !== undefined) {
      const extra = collectExtra(fields, unknown, line);
      if (extra.errors.length > 0) errors = [...(errors ?? []), ...extra.errors];
      if (extra.data !== undefined) data.extra = extra.data;
    }
    for (const name of required) {
      if (!Object.hasOwn(data, name) && !errors?.some((error) => error.column === name)) {
        const error = rowError(line, MISSING, name, undefined);
        if (mayLack?.has(name) === true) lacking = append(lacking, error);
        else errors = append(errors, error);
      }
    }
    return { data, errors: errors ?? NONE, lacking };
  };
}

const MISSING = new FieldFailure('missing_field', 'expected a value: the record type requires this field');

function append<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}
