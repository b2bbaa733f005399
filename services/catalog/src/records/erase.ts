import type { Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import { type CatalogRecord, limitsOf } from '@sophia/types';
import { actorOf, causeOf } from '../access/attribution.ts';
import type { Records } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { RECORD_COLUMNS } from '../reading/record-columns.ts';
import { isRecordId, recordNotFound } from './change-record.ts';

/** Blanks what is known of one record: its state, its history, and what was rejected of it. Its id, key and versions stay. */
export function createErase({ database, eventLog, audit, clock, gate, book, committed }: CatalogContext): Records['erase'] {
  return async (call, recordType, id, reason) => {
    const begun = clock.monotonic();
    const { workspace } = call.principal;
    const object = `record:${recordType}/${id}`;
    await book.require(workspace, recordType);
    await gate.administer(call, object);
    if (reason.trim() === '' || reason.length > 1_000)
      throw new SophiaError('invalid_request', 'An erasure needs a reason of 1 to 1,000 characters.');
    const { value: erased, token } = await database.write(
      [workspace],
      async (transaction) => {
        const [row] = isRecordId(id) ? await database.query<CatalogRecord>(transaction, ERASE_RECORD, [recordType, id]) : [];
        if (row === undefined) throw recordNotFound(recordType, id);
        const { source_system, source_id, version, created_at } = row;
        await Promise.all([
          eventLog.erase(transaction, id),
          database.query(transaction, ERASE_KEPT_ERRORS, [workspace, recordType, source_system, source_id]),
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
        return row;
      },
      limitsOf(call),
    );
    committed(workspace, [erased]);
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

// An answer kept with an idempotency key lists errors of rows; a letter has the time of the transaction that kept the answer.
const ERASE_KEPT_ERRORS: Statement = {
  name: 'catalog_erase_kept_errors',
  text: `update idempotency_key as k set answer = jsonb_set(k.answer, '{errors}', coalesce((
      select jsonb_agg(e.error order by e.place) from jsonb_array_elements(k.answer -> 'errors') with ordinality as e (error, place)
      where (e.error ->> 'line')::bigint <> all (l.lines)
    ), '[]'))
    from (
      select created_at, array_agg(line) as lines from dead_letter
      where workspace = $1 and record_type = $2 and source_system = $3 and source_id = $4
      group by created_at
    ) as l
    where k.workspace = $1 and k.created_at = l.created_at and k.answer is not null`,
};

const ERASE_DEAD_LETTERS: Statement = {
  name: 'catalog_erase_dead_letters',
  text: `update dead_letter set payload = '{"fields": {}}', errors = '[]', fingerprint = '', state = 'discarded', updated_at = now()
    where workspace = $1 and record_type = $2 and source_system = $3 and source_id = $4`,
};
