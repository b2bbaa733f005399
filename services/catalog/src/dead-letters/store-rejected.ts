import type { Database, Statement } from '@sophia/database';
import type { RowError, Transaction, WorkspaceId } from '@sophia/types';
import { digest } from '../rows/content-hash.ts';
import type { RejectedRow } from '../rows/incoming-record.ts';

/**
 * Keeps rejected rows, and sets those aside that hold the same row from before: sending a batch again
 * leaves one letter for each of its rows, not two. Equal rows of one import are kept each.
 */
export async function storeRejected(
  database: Database,
  transaction: Transaction,
  { workspace, rows, importId = null }: { workspace: WorkspaceId; rows: readonly RejectedRow[]; importId?: string | null },
): Promise<void> {
  if (rows.length === 0) return;
  await database.query(transaction, STORE, [
    workspace,
    importId,
    rows.map(({ record_type }) => record_type),
    rows.map(({ source_system }) => source_system),
    rows.map(({ source_id }) => source_id),
    rows.map(({ line }) => line),
    rows.map(({ errors }) => errors[0].code),
    rows.map(({ errors }) => errorsJson(errors)),
    rows.map(rejectionFingerprint),
    rows.map(storedPayload),
  ]);
}

/**
 * With what a replay needs to know beside the row: the version of its stream, which the record is moved to, and the fields
 * that hold a raw value. The same row in another version, or rejected by another mapping, is the same row.
 */
const storedPayload = ({ payload, unread, stream_version: streamVersion }: RejectedRow): string =>
  streamVersion === null && unread.length === 0
    ? payload
    : JSON.stringify({
        ...JSON.parse(payload),
        ...(streamVersion === null ? {} : { streamVersion }),
        ...(unread.length === 0 ? {} : { unread }),
      });

/** What tells a rejected row from others, whatever its line. */
const rejectionFingerprint = ({ record_type, source_system, payload }: RejectedRow): string =>
  digest(`${record_type}\u0000${source_system}\u0000${payload}`);

/** As jsonb can hold them. */
export const errorsJson = (errors: readonly RowError[]): string =>
  JSON.stringify(errors, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed().replaceAll('\u0000', '\uFFFD') : value));

const STORE: Statement = {
  name: 'catalog_store_rejected',
  text: `with letter as (
      select * from unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::jsonb[], $9::text[], $10::text[])
        as u (record_type, source_system, source_id, line, code, errors, fingerprint, payload)
    ), older as (
      select id from dead_letter
      where workspace = $1 and state in ('open', 'repaired') and ($2::text is null or import is distinct from $2)
        and fingerprint in (select fingerprint from letter)
      order by id for update
    ), superseded as (
      update dead_letter set state = 'superseded', updated_at = now() where id in (select id from older)
    )
    insert into dead_letter (workspace, state, import, record_type, source_system, source_id, line, code, errors, payload, fingerprint)
    select $1, 'open', $2, record_type, source_system, source_id, line, code, errors, payload, fingerprint
    from letter`,
};
