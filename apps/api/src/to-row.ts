import { plainObject } from '@sophia/connectors';
import { SophiaError } from '@sophia/shared';
import type { IncomingRow, JsonObject } from '@sophia/types';

/** A row as it is sent: the type's fields at its top level, beside what the catalog itself reads. */
export const toRow = (value: unknown, index: number): IncomingRow => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SophiaError('invalid_request', `Row ${index + 1} is no JSON object.`);
  }
  // A body is JSON, and this is an object of it.
  return plainObject(index + 1, value as JsonObject);
};
