import { EXTRA } from '@sophia/core';
import type { JsonObject, NaturalKey, RowError } from '@sophia/types';

/** Of a record: ten times what a row may have. */
const MAX_MEMBERS = 10_000;

/**
 * Whether a record of so many unknown fields is not given these, too. Those of one name count twice: what is refused must
 * not tell whoever may not see the record's whether a name is among them.
 */
export const holdsTooMany = (kept: number, given: JsonObject): boolean => {
  const count = Object.keys(given).length;
  return count > 0 && kept + count > MAX_MEMBERS;
};

export function tooManyMembers({ line, record_type: recordType, source_id: sourceId }: NaturalKey & { readonly line: number }): RowError {
  const message = `The row and what the ${recordType} ${sourceId} has already have more than ${MAX_MEMBERS} fields that the record type does not know.`;
  return { line, code: 'too_many_fields', message, column: EXTRA };
}
