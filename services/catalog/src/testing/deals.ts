import type { JsonObject, JsonValue, RecordId } from '@sophia/types';
import type { RecordWriteAnswer } from '../catalog.ts';

export const target = { recordType: 'deal', sourceSystem: 'crm' };
export const row = <Id extends JsonValue>(id: Id, fields: JsonObject, more: object = {}) => ({ line: 1, source_id: id, fields, ...more });

/** The id of the record that was written. */
export const idOf = ({ id }: RecordWriteAnswer): RecordId => {
  if (id === null) throw new Error('The answer names no record.');
  return id;
};
