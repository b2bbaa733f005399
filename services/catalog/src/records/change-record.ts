import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { IncomingRow, JsonObject, JsonValue, NaturalKey, RecordId, Transaction } from '@sophia/types';
import { RECORD_COLUMNS, type RecordRow } from '../reading/record-row.ts';
import { type IncomingRecord, keyText } from '../rows/incoming-record.ts';
import type { RowPreparer } from '../rows/prepare-row.ts';

/** The record by its id, locked until the transaction ends. Errors: `not_found`, `version_conflict`. */
export async function lockRecord(
  database: Database,
  transaction: Transaction,
  { recordType, id, ifVersion }: { readonly recordType: string; readonly id: RecordId; readonly ifVersion?: number | undefined },
): Promise<RecordRow> {
  const [row] = isRecordId(id) ? await database.query<RecordRow>(transaction, LOCK_RECORD, [recordType, id]) : [];
  if (row === undefined || row.deleted_at !== null) throw recordNotFound(recordType, id);
  if (ifVersion !== undefined && ifVersion !== row.version) {
    throw new SophiaError('version_conflict', `The ${recordType} ${id} has version ${row.version}, not ${ifVersion}.`, {
      details: { version: row.version, expected: ifVersion },
    });
  }
  return row;
}

export const recordNotFound = (recordType: string, id: string): SophiaError =>
  new SophiaError('not_found', `There is no ${recordType} ${id}.`, { details: { record_type: recordType, id } });

/** Whether the text can be an id: a positive 63-bit integer. */
export const isRecordId = (id: string): boolean => /^[1-9]\d{0,18}$/.test(id) && BigInt(id) <= 0x7fff_ffff_ffff_ffffn;

const COMMON = ['occurred_at', 'source_version', 'business_priority'] as const;

/** The record's state with the given fields set; the common columns may be among them. Null clears. */
function patchedRow(row: RecordRow, fields: JsonObject): IncomingRow {
  const { extra, ...known } = row.data;
  const merged: Record<string, JsonValue> = { ...known, ...(isObject(extra) ? extra : {}), ...fields };
  for (const name of COMMON) delete merged[name];
  return {
    line: 1,
    source_id: row.source_id,
    fields: merged,
    business_priority: fields.business_priority === undefined ? row.business_priority : fields.business_priority,
    occurred_at: fields.occurred_at,
    source_version: fields.source_version,
  };
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The patched record, ready to be written. Errors: `row_rejected`. */
export function patchedRecord(row: RecordRow, fields: JsonObject, prepare: RowPreparer): IncomingRecord {
  const { record, rejected } = prepare(patchedRow(row, fields), { recordType: row.record_type, sourceSystem: row.source_system });
  if (record !== undefined) return record;
  throw new SophiaError('row_rejected', rejected.errors[0].message, { details: { errors: rejected.errors } });
}

/** The record's deletion, which has no place in the source's order: it holds whatever came before. */
export const deletionOf = ({ record_type, source_system, source_id }: NaturalKey): IncomingRecord => ({
  key: keyText({ record_type, source_system, source_id }),
  line: 1,
  record_type,
  source_system,
  source_id,
  data: '{}',
  content_hash: null,
  original: null,
  business_priority: null,
  occurred_at: null,
  source_version: null,
  source_order: null,
  stream_version: null,
});

const LOCK_RECORD: Statement = {
  name: 'catalog_lock_record',
  text: `select ${RECORD_COLUMNS} from record where record_type = $1 and id = $2 for update`,
};
