import { compileRowValidator, type ValidatedRow } from '@sophia/core';
import { canonicalJson } from '@sophia/shared';
import type { RecordTypeDefinition, RowError } from '@sophia/types';
import type { ImportRow, WriteTarget } from '../catalog.ts';
import { contentHash } from './content-hash.ts';
import { type IncomingRecord, naturalKeyText, type PreparedRow, type RejectedRow, type UnseenPart } from './incoming-record.ts';
import { routableId } from './routable-id.ts';
import { sourceOrder } from './source-order.ts';

/** @param masked fields that are masked for the row's writer: the record may have what the row lacks of them */
export type RowPreparer = (row: ImportRow, target: WriteTarget, masked?: ReadonlySet<string>) => PreparedRow;

/** Compiles a record type into the function that takes rows to what is written: validated, normalised, hashed. */
export function compileRowPreparer(definition: RecordTypeDefinition): RowPreparer {
  const validate = compileRowValidator(definition);
  const { revision } = definition;
  return (row, target, masked) => {
    if (isNotEmpty(row.errors)) return { rejected: { ...rejectRow(row, target, row.errors, revision), unread: columnsOf(row.errors) } };
    const { row: valid, errors, lacking = [] } = validate(row, masked);
    if (valid !== undefined) {
      const unseen = masked === undefined ? undefined : { lacking, reject: (later: Errors) => rejectRow(row, target, later, revision) };
      return { record: toRecord(row, valid, target, revision, unseen) };
    }
    // The validator rejects no row without a reason.
    return { rejected: rejectRow(row, target, errors as RejectedRow['errors'], revision) };
  };
}

type Errors = RejectedRow['errors'];

function toRecord(
  row: ImportRow,
  valid: ValidatedRow,
  { recordType, sourceSystem }: WriteTarget,
  revision: number,
  unseen: UnseenPart | undefined,
): IncomingRecord {
  const data = canonicalJson(valid.data);
  return {
    key: naturalKeyText({ record_type: recordType, source_system: sourceSystem, source_id: valid.source_id }),
    line: row.line,
    record_type: recordType,
    source_system: sourceSystem,
    source_id: valid.source_id,
    data,
    content_hash: valid.deleted ? null : contentHash(data, valid.business_priority),
    original: row.original === undefined ? null : JSON.stringify(row.original),
    business_priority: valid.business_priority,
    occurred_at: valid.occurred_at,
    source_version: valid.source_version,
    source_order: sourceOrder(valid.source_version),
    stream_version: row.streamVersion ?? null,
    revision,
    unseen,
  };
}

/** A row for the dead letters, whole. */
function rejectRow(
  row: ImportRow,
  { recordType, sourceSystem }: WriteTarget,
  errors: RejectedRow['errors'],
  revision: number,
): RejectedRow {
  const { source_id, occurred_at, source_version, business_priority, fields, original, deleted } = row;
  const id = routableId(source_id);
  return {
    key: naturalKeyText({ record_type: recordType, source_system: sourceSystem, source_id: id ?? '' }),
    line: row.line,
    record_type: recordType,
    source_system: sourceSystem,
    source_id: id,
    errors,
    payload: JSON.stringify({ source_id, occurred_at, source_version, business_priority, fields, original, deleted }),
    unread: [],
    stream_version: row.streamVersion ?? null,
    revision,
  };
}

/** An error of no column is of a row that could not be read at all. */
const columnsOf = (errors: RejectedRow['errors']): readonly string[] => errors.flatMap(({ column }) => column ?? []);

const isNotEmpty = (errors: readonly RowError[] | undefined): errors is RejectedRow['errors'] => errors !== undefined && errors.length > 0;
