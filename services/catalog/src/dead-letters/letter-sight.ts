import { EXTRA } from '@sophia/core';
import { ERROR_CODES, type FieldMask, type RecordTypeDefinition, type RowError } from '@sophia/types';

/** What a principal sees of the rejected rows of a type. */
export interface LetterSight {
  hidesField(name: string): boolean;
  /** The error, without the value where that may be one that is masked. */
  seenError(error: RowError): RowError;
}

/** Columns of every row, beside the fields of its type. */
const COMMON = ['source_id', 'occurred_at', 'source_version', 'business_priority'];

/**
 * The sight of a principal with these masks. A rejected row is no record that could be judged, so a field that is
 * masked in some rows is masked here. Nobody knows what an unknown field holds, so it is masked as `extra` is; and
 * `extra` of a row that could not be read, like an error of no column, holds the whole row.
 */
export function letterSight(masks: readonly FieldMask[], type: Pick<RecordTypeDefinition, 'fields'>): LetterSight {
  const masked = new Set(masks.flatMap(({ fields }) => fields));
  const known = new Set([...COMMON, ...type.fields.map(({ name }) => name)]);
  const hidesField = (name: string): boolean => {
    if (name === EXTRA) return masked.size > 0;
    return masked.has(name) || (masked.has(EXTRA) && !known.has(name));
  };
  return {
    hidesField,
    seenError: (error) => (hidesField(error.column ?? EXTRA) ? withoutValue(error) : error),
  };
}

/** An error without the value, which its message repeats. */
export const withoutValue = ({ value: _, ...error }: RowError): RowError => ({
  ...error,
  message: new Map(Object.entries(ERROR_CODES)).get(error.code)?.title ?? error.code,
});
