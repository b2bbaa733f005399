import { bindVisibleRecords, postgresCondition } from '@sophia/core';
import type { Statement } from '@sophia/database';
import { isInt64, SophiaError } from '@sophia/shared';
import type { Call, CatalogRecord, JsonObject, NaturalKey, RecordId, Transaction } from '@sophia/types';
import type { CatalogContext } from '../catalog-context.ts';
import { RECORD_COLUMNS } from '../reading/record-columns.ts';
import { statementName } from '../reading/sight.ts';
import { type IncomingRecord, naturalKeyText } from '../rows/incoming-record.ts';

/**
 * The record by its id, locked until the transaction ends. Errors: `not_found`, also for one that the principal may not
 * see, `version_conflict`.
 */
export async function lockRecord(
  context: Pick<CatalogContext, 'database' | 'policy' | 'book'>,
  transaction: Transaction,
  call: Call,
  { recordType, id, ifVersion }: { readonly recordType: string; readonly id: RecordId; readonly ifVersion?: number | undefined },
): Promise<CatalogRecord> {
  const row = isRecordId(id) ? await lock(context, transaction, call, recordType, id) : undefined;
  if (row === undefined || row.deleted_at !== null || !row.seen) throw recordNotFound(recordType, id);
  if (ifVersion !== undefined && ifVersion !== row.version) {
    throw new SophiaError('version_conflict', `The ${recordType} ${id} has version ${row.version}, not ${ifVersion}.`, {
      details: { version: row.version, expected: ifVersion },
    });
  }
  return row;
}

type SeenRow = CatalogRecord & { readonly seen: boolean };

async function lock(
  { database, policy, book }: Pick<CatalogContext, 'database' | 'policy' | 'book'>,
  transaction: Transaction,
  { principal }: Call,
  recordType: string,
  id: RecordId,
): Promise<SeenRow | undefined> {
  const resolved = await policy.resolve(principal);
  const { access, rows } = resolved.records(recordType);
  // Who may read no record of the type at all learns nothing by what is not hidden from others.
  if (access !== 'records' || rows === undefined) {
    const [row] = await database.query<SeenRow>(transaction, LOCK_RECORD, [recordType, id]);
    return row;
  }
  const types = [...(await book.types(principal.workspace)).values()];
  const visible = bindVisibleRecords(recordType, { types, access: (name) => resolved.records(name) });
  const condition = postgresCondition(visible, { recordType, types, alias: 'r', offset: 2 });
  const text = lockOf(`(${condition.text}) is true`);
  const statement: Statement = { name: statementName('catalog_lock_seen_record', text), text };
  const [row] = await database.query<SeenRow>(transaction, statement, [recordType, id, ...condition.parameters]);
  return row;
}

export const recordNotFound = (recordType: string, id: string): SophiaError =>
  new SophiaError('not_found', `There is no ${recordType} ${id}.`, { details: { record_type: recordType, id } });

/** Whether the text can be an id: a positive 63-bit integer. */
export const isRecordId = (id: string): boolean => /^[1-9]/.test(id) && isInt64(id);

/** What a record has of its own beside its fields and the common columns that a caller may set. */
const NO_FIELDS = [
  'id',
  'version',
  'source_system',
  'record_type',
  'source_id',
  'data',
  'content_hash',
  'created_at',
  'updated_at',
  'deleted_at',
  'deleted',
];

/** Holds that a patch sets nothing but fields and the common columns that a caller may set. Errors: `not_a_field`. */
export function requireFields(fields: JsonObject): void {
  const name = NO_FIELDS.find((each) => Object.hasOwn(fields, each));
  if (name === undefined) return;
  const wayOut = name.startsWith('deleted') ? 'A record is deleted by DELETE.' : 'What a source calls so is set inside extra.';
  throw new SophiaError('not_a_field', `A patch cannot set ${name}, which is no field of a record. ${wayOut}`, {
    details: { field: name },
  });
}

/** The record's deletion, which has no place in the source's order: it holds whatever came before. */
export const deletionOf = ({ record_type, source_system, source_id }: NaturalKey): IncomingRecord => ({
  key: naturalKeyText({ record_type, source_system, source_id }),
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
  revision: null,
});

const lockOf = (seen: string): string =>
  `select ${RECORD_COLUMNS}, ${seen} as seen from record as r where record_type = $1 and id = $2 for update`;

const LOCK_RECORD: Statement = { name: 'catalog_lock_record', text: lockOf('true') };
