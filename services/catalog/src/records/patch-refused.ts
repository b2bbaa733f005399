import { SophiaError } from '@sophia/shared';
import type { Call, JsonObject, RowError } from '@sophia/types';
import type { CatalogContext } from '../catalog-context.ts';
import { letterSight, withoutValue } from '../dead-letters/letter-sight.ts';
import type { RejectedRow } from '../rows/incoming-record.ts';

/**
 * Why a patched record does not fit its type, as `row_rejected`. The type may have become stricter since the record was
 * written, so an error may be of a field that the caller did not set: its value is told to nobody who may not see it.
 */
export async function patchRefused(
  { policy, book }: Pick<CatalogContext, 'policy' | 'book'>,
  { principal }: Call,
  recordType: string,
  { fields, rejected }: { readonly fields: JsonObject; readonly rejected: RejectedRow },
): Promise<SophiaError> {
  const [resolved, type] = await Promise.all([policy.resolve(principal), book.require(principal.workspace, recordType)]);
  const { access, masks } = resolved.records(recordType);
  const stored = access === 'records' ? letterSight(masks, type).seenError : withoutValue;
  const seen = (error: RowError): RowError => (error.column !== undefined && Object.hasOwn(fields, error.column) ? error : stored(error));
  const [first, ...others] = rejected.errors;
  const errors = [seen(first), ...others.map(seen)] as const;
  return new SophiaError('row_rejected', errors[0].message, { details: { errors } });
}
