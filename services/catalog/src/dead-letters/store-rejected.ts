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
  await database.query(transaction, STORE, [workspace, importId, `[${rows.map(letterJson).join(',')}]`]);
}

/** What tells a rejected row from others, whatever its line. */
export const rejectionFingerprint = ({ record_type, source_system, payload }: RejectedRow): string =>
  digest(`${record_type}\u0000${source_system}\u0000${payload}`);

const letterJson = (row: RejectedRow): string => {
  const { record_type, source_system, source_id, line, errors } = row;
  const letter = {
    record_type,
    source_system,
    source_id,
    line,
    code: errors[0].code,
    errors: errorsJson(errors),
    fingerprint: rejectionFingerprint(row),
  };
  return `${JSON.stringify(letter).slice(0, -1)},"payload":${row.payload}}`;
};

/** As jsonb can hold them. */
export const errorsJson = (errors: readonly RowError[]): string =>
  JSON.stringify(errors, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed().replaceAll('\u0000', '\uFFFD') : value));

const STORE: Statement = {
  name: 'catalog_store_rejected',
  text: `with letter as (
      select * from json_to_recordset($3) as (
        record_type text, source_system text, source_id text, line bigint, code text, errors text, fingerprint text, payload json
      )
    ), older as (
      select id from dead_letter
      where workspace = $1 and state in ('open', 'repaired') and ($2::text is null or import is distinct from $2)
        and fingerprint in (select fingerprint from letter)
      order by id for update
    ), superseded as (
      update dead_letter set state = 'superseded', updated_at = now() where id in (select id from older)
    )
    insert into dead_letter (workspace, state, import, record_type, source_system, source_id, line, code, errors, payload, fingerprint)
    select $1, 'open', $2, record_type, source_system, source_id, line, code, errors::jsonb, payload, fingerprint
    from letter`,
};
