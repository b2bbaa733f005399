import type { Database, Statement } from '@sophia/database';
import type { RowError, Transaction, WorkspaceId } from '@sophia/types';
import { digest } from '../rows/content-hash.ts';
import type { IncomingRecord, RejectedRow } from '../rows/incoming-record.ts';

/**
 * Keeps rejected rows, and sets those aside that hold the same row from before: sending a batch again
 * leaves one letter for each of its rows, not two. Equal rows of one import are kept each. To be called when the rows that
 * were accepted with them are written.
 */
export async function storeRejected(
  database: Database,
  transaction: Transaction,
  { workspace, rows, accepted, unseen, importId = null }: Rejection,
): Promise<void> {
  if (rows.length === 0) return;
  const lastLines = lastLinesOf(accepted);
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
    rows.map((row) => storedPayload(row, [...(unseen(row.record_type) ?? [])])),
    rows.map(({ key, line }) => (lastLines.get(key) ?? 0) > line),
  ]);
}

interface Rejection {
  readonly workspace: WorkspaceId;
  readonly rows: readonly RejectedRow[];
  /** The other rows of the same transaction. */
  readonly accepted: readonly IncomingRecord[];
  /** Fields of a type that are masked for whoever sent the rows. */
  readonly unseen: (recordType: string) => ReadonlySet<string> | undefined;
  readonly importId?: string | null;
}

/** By key. */
function lastLinesOf(records: readonly IncomingRecord[]): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const { key, line } of records) lines.set(key, line);
  return lines;
}

/**
 * With what a replay needs to know beside the row: the version of its stream, which the record is moved to, the fields that
 * hold a raw value, and those that its writer did not see, which are said of every letter. The same row in another version, or rejected by another mapping, is the same row.
 */
const storedPayload = ({ payload, unread, stream_version: streamVersion }: RejectedRow, unseen: readonly string[]): string => {
  const more = { unseen, ...(streamVersion === null ? {} : { streamVersion }), ...(unread.length === 0 ? {} : { unread }) };
  // Two texts of objects that have members.
  return `${payload.slice(0, -1)},${JSON.stringify(more).slice(1)}`;
};

/** What tells a rejected row from others, whatever its line. */
const rejectionFingerprint = ({ record_type, source_system, payload }: RejectedRow): string =>
  digest(`${record_type}\u0000${source_system}\u0000${payload}`);

/** As jsonb can hold them. */
export const errorsJson = (errors: readonly RowError[]): string =>
  JSON.stringify(errors, (_, value: unknown) => (typeof value === 'string' ? value.toWellFormed().replaceAll('\u0000', '\uFFFD') : value));

const STORE: Statement = {
  name: 'catalog_store_rejected',
  text: `with letter as (
      select * from unnest(
        $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::jsonb[], $9::text[], $10::text[], $11::boolean[]
      ) with ordinality as u (record_type, source_system, source_id, line, code, errors, fingerprint, payload, is_overtaken, place)
    ), older as (
      select id from dead_letter
      where workspace = $1 and state in ('open', 'repaired') and ($2::text is null or import is distinct from $2)
        and fingerprint in (select fingerprint from letter)
      order by id for update
    ), superseded as (
      update dead_letter set state = 'superseded', updated_at = now() where id in (select id from older)
    )
    insert into dead_letter (
      workspace, state, import, record_type, source_system, source_id, line, code, errors, payload, fingerprint, record_version
    )
    select $1, 'open', $2, record_type, source_system, source_id, line, code, errors, payload, fingerprint,
      case when is_overtaken then -1 else coalesce((
        select version from record as r
        where r.workspace = $1 and r.record_type = l.record_type and r.source_system = l.source_system and r.source_id = l.source_id
      ), 0) end
    from letter as l order by place`,
};
