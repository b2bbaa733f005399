import type { Statement } from '@sophia/database';
import type { Call, Cause, NaturalKey } from '@sophia/types';
import { actorOf } from '../access/attribution.ts';
import type { WriteTarget } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { deletionOf } from '../records/change-record.ts';
import { admitWrites } from './admit-writes.ts';
import { CHUNK_ROWS } from './cut-chunks.ts';
import type { ImportStore } from './import-store.ts';

/**
 * Deletes the records of a stream that came in an older version of it and not in this one (Singer's
 * ACTIVATE_VERSION). Records that came without a version are left alone, and those of which a rejected row waits: the
 * source has them. Resolves to how many. Errors: those of `admitWrites`, `forbidden` also where the principal may not write one of them.
 */
export async function deleteOlderVersions(
  context: CatalogContext,
  store: ImportStore,
  call: Call,
  { importId, cause, target, version }: { importId: string; cause: Cause; target: WriteTarget; version: number },
): Promise<number> {
  const { database, audit, guard, writeChunk, committed } = context;
  const { workspace } = call.principal;
  const access = await admitWrites(context, call, target.recordType);
  const deleteAfter = async (after: string): Promise<readonly NaturalKey[]> => {
    const values = [workspace, target.recordType, target.sourceSystem, version, after, CHUNK_ROWS];
    const { value } = await database.write([workspace], async (transaction) => {
      const rows = await database.query<NaturalKey>(transaction, LOCK_OLDER, values);
      await guard(transaction, call, access, rows, () =>
        writeChunk(transaction, { workspace, records: rows.map(deletionOf), actor: actorOf(call), cause }),
      );
      await Promise.all([
        store.deletedByVersion(transaction, importId, rows.length),
        audit.record(transaction, [{ call, action: 'delete', object: `import:${importId}`, rows: rows.length, milliseconds: 0 }]),
      ]);
      return rows;
    });
    committed(workspace, value);
    return value;
  };
  let deleted = 0;
  let rows: readonly NaturalKey[];
  let after = '';
  do {
    rows = await deleteAfter(after);
    deleted += rows.length;
    after = rows.at(-1)?.source_id ?? '';
  } while (rows.length === CHUNK_ROWS);
  return deleted;
}

const LOCK_OLDER: Statement = {
  name: 'catalog_lock_older_versions',
  text: `select record_type, source_system, source_id from record as r
    where workspace = $1 and record_type = $2 and source_system = $3 and stream_version < $4 and deleted_at is null and source_id > $5
      and not exists (
        select from dead_letter as d
        where d.workspace = r.workspace and d.record_type = r.record_type and d.source_system = r.source_system
          and d.source_id = r.source_id and d.state in ('open', 'repaired')
      )
    order by source_id limit $6::int for update`,
};
