import { EXTRA, type TypeAccess } from '@sophia/core';
import type { Database, Statement } from '@sophia/database';
import { canonicalJson, isJsonObject, SophiaError } from '@sophia/shared';
import type { Call, FieldMask, JsonObject, JsonValue, RecordTypeDefinition, Transaction } from '@sophia/types';
import { statementName } from '../reading/sight.ts';
import type { RecordTypeBook } from '../record-types/record-type-book.ts';
import { contentHash } from '../rows/content-hash.ts';
import { type IncomingRecord, naturalKeyText } from '../rows/incoming-record.ts';
import { keyValues } from './newcomers.ts';
import { LOCKED_RECORDS } from './row-guard.ts';
import { shownBy } from './shown-by.ts';

/** What is written in place of the records, each of another key, by how they stand now in the transaction. */
export type KeepUnseen = (transaction: Transaction, records: readonly IncomingRecord[]) => Promise<readonly IncomingRecord[]>;

/**
 * Has whole rows keep what the record masks for their writer, who cannot say it again: a row that gives no value for a masked
 * field, or no member of a masked `extra`, says nothing of it. A deletion ends what was kept. To be used within the write
 * guard, which holds whoever makes one of the records meanwhile. Undefined where nothing is masked.
 *
 * Errors: `row_rejected` where the unknown fields of a row and those that are kept are too many.
 */
export type UnseenValues = (call: Call, access: Iterable<readonly [recordType: string, access: TypeAccess]>) => KeepUnseen | undefined;

export function createUnseenValues(database: Database, book: RecordTypeBook): UnseenValues {
  return ({ principal: { workspace } }, access) => {
    const masked = [...access].filter(([, { masks }]) => masks.length > 0);
    if (masked.length === 0) return undefined;
    return async (transaction, records) => {
      const types = [...(await book.types(workspace)).values()];
      const stored = new Map<string, UnseenRecord>();
      for (const [recordType, { masks }] of masked) {
        const own = records.filter((record) => record.record_type === recordType && record.content_hash !== null);
        if (own.length === 0) continue;
        const { statement, parameters } = whatIsUnseen(masks, recordType, types);
        const found = await database.query<StoredRecord>(transaction, statement, [...keyValues(recordType, own), ...parameters]);
        const known = new Set(types.find(({ name }) => name === recordType)?.fields.map(({ name }) => name));
        for (const record of found) {
          const key = naturalKeyText({ ...record, record_type: recordType });
          stored.set(key, { data: record.data, hides: hiding(masks, record.shown, known) });
        }
      }
      return stored.size === 0 ? records : records.map((record) => keeping(record, stored.get(record.key)));
    };
  };
}

interface StoredRecord {
  readonly source_system: string;
  readonly source_id: string;
  readonly data: JsonObject;
  /** For each mask, whether its fields are shown after all. */
  readonly shown: readonly boolean[];
}

interface UnseenRecord {
  readonly data: JsonObject;
  readonly hides: (name: string) => boolean;
}

/** The records that hide something. */
function whatIsUnseen(
  masks: readonly FieldMask[],
  recordType: string,
  types: readonly RecordTypeDefinition[],
): { readonly statement: Statement; readonly parameters: readonly string[] } {
  const { conditions, parameters } = shownBy(masks, { recordType, types, offset: 3 });
  const text = `${LOCKED_RECORDS}, judged as (select *, array[${conditions.join(', ')}] as shown from r where deleted_at is null)
    select source_system, source_id, data, shown from judged where false = any (shown)`;
  return { statement: { name: statementName('catalog_unseen_values', text), text }, parameters };
}

/** Nobody knows what a field holds that the type does not know: it is hidden where `extra` is. */
function hiding(masks: readonly FieldMask[], shown: readonly boolean[], known: ReadonlySet<string>): (name: string) => boolean {
  const hidden = new Set(masks.filter((_, index) => shown[index] !== true).flatMap(({ fields }) => fields));
  return (name) => hidden.has(known.has(name) ? name : EXTRA);
}

function keeping(record: IncomingRecord, stored: UnseenRecord | undefined): IncomingRecord {
  if (stored === undefined) return record;
  const given = JSON.parse(record.data) as JsonObject; // As `prepareRow` writes it.
  const givenExtra = membersOf(given[EXTRA]);
  const isGiven = (name: string) => Object.hasOwn(given, name) || Object.hasOwn(givenExtra, name);
  const kept = Object.entries(stored.data).filter(([name]) => name !== EXTRA && stored.hides(name) && !isGiven(name));
  // A field takes the place of a member of its name, which is from before the type had it.
  const members = Object.entries(membersOf(stored.data[EXTRA])).filter(([name]) => !isGiven(name));
  const extra = stored.hides(EXTRA) ? { ...Object.fromEntries(members), ...givenExtra } : givenExtra;
  if (Object.keys(extra).length > MAX_MEMBERS) throw tooMany(record);
  const data = canonicalJson({ ...given, ...Object.fromEntries(kept), ...(Object.keys(extra).length === 0 ? {} : { [EXTRA]: extra }) });
  return { ...record, data, content_hash: contentHash(data, record.business_priority) };
}

const membersOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/** As for the unknown fields of a row. */
const MAX_MEMBERS = 1_000;

function tooMany({ line, record_type: recordType, source_id: sourceId }: IncomingRecord): SophiaError {
  const message = `The row and what the ${recordType} ${sourceId} has already have more than ${MAX_MEMBERS} fields that the record type does not know.`;
  return new SophiaError('row_rejected', message, { details: { errors: [{ line, code: 'too_many_fields', message, column: EXTRA }] } });
}
