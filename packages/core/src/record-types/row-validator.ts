import {
  type BusinessPriority,
  type IncomingRow,
  type JsonObject,
  type JsonValue,
  PRIORITIES,
  type RecordTypeDefinition,
  type RowError,
} from '@sophia/types';
import { FieldFailure } from './field-failure.ts';
import { normalizeBoolean } from './normalize-boolean.ts';
import { normalizeSourceId } from './normalize-reference.ts';
import { normalizeText } from './normalize-text.ts';
import { normalizeTimestamp } from './normalize-timestamp.ts';
import { compileRecordValidator, type ValidatedFields } from './record-validator.ts';
import { rowError } from './row-error.ts';

/** A row that the catalog may write as it is. */
export interface ValidatedRow {
  readonly source_id: string;
  readonly occurred_at: string | null;
  readonly source_version: string | null;
  readonly business_priority: BusinessPriority | null;
  readonly deleted: boolean;
  /** Empty for a row that marks a deletion. */
  readonly data: JsonObject;
}

export type RowValidation =
  | {
      readonly row: ValidatedRow;
      /** Errors that the row has unless its record has a value for what the row may lack. */
      readonly lacking?: readonly RowError[] | undefined;
      readonly errors?: undefined;
    }
  | { readonly row?: undefined; readonly lacking?: undefined; readonly errors: readonly RowError[] };

/** @param mayLack see `RecordValidator` */
export type RowValidator = (row: IncomingRow, mayLack?: ReadonlySet<string>) => RowValidation;

const MISSING_ID = new FieldFailure('missing_source_id', 'expected the id that the source knows the record by');
const VERSION_TOO_LONG = new FieldFailure('text_too_long', 'expected at most 200 characters');
const NOT_A_PRIORITY = new FieldFailure('invalid_priority', `expected one of ${PRIORITIES.join(', ')}`);
const MAX_VERSION_LENGTH = 200;

/** Compiles a record type into the function that judges whole rows: the common columns, then the type's fields. */
export function compileRowValidator(definition: RecordTypeDefinition): RowValidator {
  const validateFields = compileRecordValidator(definition);
  return (row, mayLack) => {
    const errors: RowError[] = [];
    const check = <T>(column: string, value: JsonValue | undefined, normalized: T | FieldFailure): T | undefined => {
      if (!(normalized instanceof FieldFailure)) return normalized;
      errors.push(rowError(row.line, normalized, column, value));
      return undefined;
    };
    const sourceId = check('source_id', row.source_id, normalizeSourceId(row.source_id) ?? MISSING_ID);
    const occurredAt = check('occurred_at', row.occurred_at, normalizeTimestamp(row.occurred_at));
    const version = check('source_version', row.source_version, normalizeVersion(row.source_version));
    const priority = check('business_priority', row.business_priority, normalizePriority(row.business_priority));
    const deleted = check('deleted', row.deleted, normalizeBoolean(row.deleted)) === true;
    const fields = deleted ? NO_FIELDS : validateFields(row.fields, row.line, mayLack);
    const { lacking } = fields;
    if (sourceId === undefined || errors.length > 0 || fields.errors.length > 0)
      return { errors: [...errors, ...fields.errors, ...(lacking ?? [])] };
    return {
      lacking,
      row: {
        source_id: sourceId,
        occurred_at: occurredAt ?? null,
        source_version: version ?? null,
        business_priority: priority ?? null,
        deleted,
        data: fields.data,
      },
    };
  };
}

const NO_FIELDS: ValidatedFields = { data: {}, errors: [] };

function normalizeVersion(value: JsonValue | undefined): string | undefined | FieldFailure {
  const text = normalizeText(value);
  return typeof text === 'string' && text.length > MAX_VERSION_LENGTH ? VERSION_TOO_LONG : text;
}

function normalizePriority(value: JsonValue | undefined): BusinessPriority | undefined | FieldFailure {
  const text = normalizeText(value);
  if (typeof text !== 'string') return text;
  return PRIORITIES.find((priority) => priority === text.toLowerCase()) ?? NOT_A_PRIORITY;
}
