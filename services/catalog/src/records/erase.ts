import type { Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import { actorOf, causeOf } from '../access/attribution.ts';
import type { Records } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { RECORD_COLUMNS, type RecordRow } from '../reading/record-row.ts';
import { isRecordId, recordNotFound } from './change-record.ts';

/** Blanks what is known of one record: its state, its history, and what was rejected of it. Its id, key and versions stay. */
export function createErase({ database, eventLog, audit, clock, gate, book }: CatalogContext): Records['erase'] {
  return async (call, recordType, id, reason) => {
    const begun = clock.monotonic();
    const { workspace } = call.principal;
    const object = `record:${recordType}/${id}`;
    await book.require(workspace, recordType);
    await gate.administer(call, object);
    if (reason.trim() === '' || reason.length > 1_000)
      throw new SophiaError('invalid_request', 'An erasure needs a reason of 1 to 1,000 characters.');
    const { token } = await database.write(
      [workspace],
      async (transaction) => {
        const [row] = isRecordId(id) ? await database.query<RecordRow>(transaction, ERASE_RECORD, [recordType, id]) : [];
        if (row === undefined) throw recordNotFound(recordType, id);
        const { source_system, source_id, version, created_at } = row;
        await Promise.all([
          eventLog.erase(transaction, id),
          database.query(transaction, ERASE_DEAD_LETTERS, [workspace, recordType, source_system, source_id]),
          eventLog.append(transaction, [
            {
              workspace,
              kind: 'record.erased',
              record: { id, source_system, record_type: recordType, source_id },
              version,
              occurred_at: null,
              source_version: null,
              business_priority: null,
              created_at,
              actor: actorOf(call),
              cause: causeOf(call),
              data: null,
              previous: null,
              original: null,
            },
          ]),
          audit.record(transaction, [
            { call, action: 'record.erase', object, rows: 1, milliseconds: clock.monotonic() - begun, details: { reason } },
          ]),
        ]);
      },
      { deadline: call.deadline, signal: call.signal },
    );
    eventLog.wake();
    return { token: eventLog.encodeToken(token) };
  };
}

const ERASE_RECORD: Statement = {
  name: 'catalog_erase_record',
  text: `update record set version = version + 1, data = '{}', previous = null, original = null, content_hash = null,
      business_priority = null, occurred_at = null, updated_at = greatest(updated_at, now()),
      deleted_at = coalesce(deleted_at, greatest(updated_at, now())), last_change = 'e'
    where record_type = $1 and id = $2
    returning ${RECORD_COLUMNS}`,
};

const ERASE_DEAD_LETTERS: Statement = {
  name: 'catalog_erase_dead_letters',
  text: `update dead_letter set payload = '{"fields": {}}', errors = '[]', fingerprint = '', state = 'discarded', updated_at = now()
    where workspace = $1 and record_type = $2 and source_system = $3 and source_id = $4`,
};
