import { EXTRA } from '@sophia/core';
import { canonicalJson, isJsonObject } from '@sophia/shared';
import type { CatalogRecord, IncomingRow, JsonObject, JsonValue, RecordTypeDefinition } from '@sophia/types';
import { contentHash } from '../rows/content-hash.ts';
import type { IncomingRecord, PreparedRow, RejectedRow, UnseenPart } from '../rows/incoming-record.ts';
import type { RowPreparer } from '../rows/prepare-row.ts';
import { holdsTooMany, tooManyMembers } from '../rows/record-members.ts';

/**
 * The record with the given fields set, as its type judges it; the common columns may be among them. Null clears. What the
 * type does not know is set beside the fields or inside `extra`, whose other members stay unless `extra` itself is null.
 *
 * What stays is not judged again: whether a patch is good says nothing of members that its caller may not see.
 */
export function patchedRecord(row: CatalogRecord, fields: JsonObject, prepare: RowPreparer, type: RecordTypeDefinition): PreparedRow {
  const known = new Set(type.fields.map(({ name }) => name));
  const patched = patchedRow(row, fields, known);
  const prepared = prepare(patched, { recordType: row.record_type, sourceSystem: row.source_system }, NOTHING_MASKED);
  const members = membersBefore(row, fields, known);
  return prepared.record === undefined || members.length === 0 ? prepared : withMembers(prepared.record, members, fields);
}

const NOTHING_MASKED: ReadonlySet<string> = new Set();

const COMMON = ['occurred_at', 'source_version', 'business_priority'] as const;

/** The record's state with the fields set, without the unknown ones that stay. */
function patchedRow(row: CatalogRecord, { extra, ...named }: JsonObject, known: ReadonlySet<string>): IncomingRow {
  const own = Object.entries(row.data).filter(([name]) => known.has(name));
  const merged: Record<string, JsonValue> = { ...Object.fromEntries(own), ...named, extra: sentMembers(extra) };
  for (const name of COMMON) delete merged[name];
  return {
    line: 1,
    source_id: row.source_id,
    fields: merged,
    business_priority: named.business_priority === undefined ? row.business_priority : named.business_priority,
    occurred_at: named.occurred_at,
    source_version: named.source_version,
  };
}

/** Of `extra` as it was sent: what is no object stands within it under its own name. */
function sentMembers(extra: JsonValue | undefined): JsonObject {
  if (isJsonObject(extra)) return extra;
  return extra === null || extra === undefined ? {} : { extra };
}

type Member = readonly [name: string, value: JsonValue];

/** The unknown fields of the record, but for those that the patch clears at once. */
function membersBefore({ data }: CatalogRecord, { extra }: JsonObject, known: ReadonlySet<string>): readonly Member[] {
  const members = isJsonObject(data[EXTRA]) && extra !== null ? Object.entries(data[EXTRA]) : [];
  return [...members, ...Object.entries(data).filter(([name]) => name !== EXTRA && !known.has(name))];
}

/** A field, or a member, of a name takes the place of a member of it, which would be left otherwise where it is cleared. */
function withMembers(record: IncomingRecord, members: readonly Member[], { extra, ...named }: JsonObject): PreparedRow {
  const given = JSON.parse(record.data) as JsonObject; // As `prepareRow` writes it.
  const patched = isJsonObject(given[EXTRA]) ? given[EXTRA] : {};
  if (holdsTooMany(members.length, patched)) return { rejected: rejected(record) };
  const sent = sentMembers(extra);
  const kept = members.filter(([name]) => !Object.hasOwn(named, name) && !Object.hasOwn(sent, name));
  if (kept.length === 0) return { record };
  const data = canonicalJson({ ...given, [EXTRA]: { ...Object.fromEntries(kept), ...patched } });
  return { record: { ...record, data, content_hash: contentHash(data, record.business_priority) } };
}

/** Prepared with masks, if of nothing: it can be rejected. */
const rejected = (record: IncomingRecord): RejectedRow => (record.unseen as UnseenPart).reject([tooManyMembers(record)]);
