import { EXTRA, type TypeAccess } from '@sophia/core';
import type { Database, Statement } from '@sophia/database';
import { canonicalJson, isJsonObject } from '@sophia/shared';
import type { Call, FieldMask, JsonObject, JsonValue, RecordTypeDefinition, RowError, Transaction } from '@sophia/types';
import { statementName } from '../reading/sight.ts';
import type { RecordTypeBook } from '../record-types/record-type-book.ts';
import { contentHash } from '../rows/content-hash.ts';
import { type IncomingRecord, naturalKeyText, type RejectedRow, type UnseenPart } from '../rows/incoming-record.ts';
import { holdsTooMany, tooManyMembers } from '../rows/record-members.ts';
import { keyValues } from './newcomers.ts';
import { LOCKED_RECORDS } from './row-guard.ts';
import { shownBy } from './shown-by.ts';

/** What is written in place of the records, each of another key, by how they stand now in the transaction; in their order. */
export type KeepUnseen = (transaction: Transaction, records: readonly IncomingRecord[]) => Promise<readonly KeptRecord[]>;

/** A record as it is written in place of another, or why that is not. */
export interface KeptRecord {
  readonly record: IncomingRecord;
  readonly refused?: RejectedRow;
}

/**
 * Has whole rows keep what the record masks for their writer, who cannot say it again: a row that gives no value for a masked
 * field, or no member of a masked `extra`, says nothing of it. A deletion ends what was kept. To be used within the write
 * guard, which holds whoever makes one of the records meanwhile. Undefined where nothing is masked.
 *
 * Refused is a row whose unknown fields are too many with those that are kept, and one that lacks what its type requires
 * where its record has none either.
 *
 * @param alsoHides whether a row was written by somebody who did not see what its record has under a name, whatever the
 * masks are of whoever writes it now
 */
export type UnseenValues = (
  call: Call,
  access: Iterable<readonly [recordType: string, access: TypeAccess]>,
  alsoHides?: (record: IncomingRecord, column: string) => boolean,
) => KeepUnseen | undefined;

export function createUnseenValues(database: Database, book: RecordTypeBook): UnseenValues {
  return ({ principal: { workspace } }, access, alsoHides = hidesNothing) => {
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
          stored.set(key, {
            data: record.data,
            columnOf: (name) => (known.has(name) ? name : EXTRA),
            hidden: hiddenBy(masks, record.shown),
          });
        }
      }
      return records.map((record) => {
        const before = stored.get(record.key);
        const hides = (column: string) => before?.hidden.has(column) === true || alsoHides(record, column);
        const { data, errors } = before === undefined ? { data: record.data, errors: [] } : keeping(record, before, hides);
        const [first, ...others] = [...errors, ...missingIn(record, data)];
        // Every row of whoever has masks can be rejected.
        if (first !== undefined) return { record, refused: (record.unseen as UnseenPart).reject([first, ...others]) };
        if (before === undefined) return { record };
        return { record: { ...record, data, content_hash: contentHash(data, record.business_priority) } };
      });
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
  /** Nobody knows what a field holds that the type does not know: it is hidden where `extra` is. */
  readonly columnOf: (name: string) => string;
  readonly hidden: ReadonlySet<string>;
}

const hidesNothing = (): boolean => false;

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

const hiddenBy = (masks: readonly FieldMask[], shown: readonly boolean[]): ReadonlySet<string> =>
  new Set(masks.filter((_, index) => shown[index] !== true).flatMap(({ fields }) => fields));

interface Kept {
  readonly data: string;
  readonly errors: readonly RowError[];
}

function keeping(record: IncomingRecord, stored: UnseenRecord, hides: (column: string) => boolean): Kept {
  const given = JSON.parse(record.data) as JsonObject; // As `prepareRow` writes it.
  const givenExtra = membersOf(given[EXTRA]);
  const isGiven = (name: string) => Object.hasOwn(given, name) || Object.hasOwn(givenExtra, name);
  const kept = Object.entries(stored.data).filter(([name]) => name !== EXTRA && hides(stored.columnOf(name)) && !isGiven(name));
  const known = hides(EXTRA) ? Object.entries(membersOf(stored.data[EXTRA])) : [];
  if (holdsTooMany(known.length, givenExtra)) return { data: record.data, errors: [tooManyMembers(record)] };
  // A field takes the place of a member of its name, which is from before the type had it.
  const members = known.filter(([name]) => !isGiven(name));
  const extra = { ...Object.fromEntries(members), ...givenExtra };
  const data = canonicalJson({ ...given, ...Object.fromEntries(kept), ...(Object.keys(extra).length === 0 ? {} : { [EXTRA]: extra }) });
  return { data, errors: [] };
}

const membersOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});

/** What the row lacks, and the record that it makes has no value for. */
function missingIn({ unseen }: IncomingRecord, data: string): readonly RowError[] {
  const lacking = unseen?.lacking ?? [];
  if (lacking.length === 0) return [];
  const fields = JSON.parse(data) as JsonObject; // As it is written.
  return lacking.filter(({ column }) => !Object.hasOwn(fields, String(column)));
}
