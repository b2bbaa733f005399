import { keyText, MAX_SOURCE_ID_LENGTH } from '@sophia/core';
import type { Call, CatalogRecord } from '@sophia/types';
import type { ListOptions, ReadOptions, Records } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { isRecordId, recordNotFound } from '../records/change-record.ts';
import { catchUp } from './catch-up.ts';
import { boundedPageOf, decodeCursor, pageLimit } from './cursor.ts';
import { createListings } from './listings.ts';
import { type Key, keyOf, lastPlace, upTo } from './portion-end.ts';
import { createReadPlans, type Find } from './read-plans.ts';
import { seenData } from './sight.ts';

/** Milliseconds by which a record may be behind where a replica answers: about as much as answers to metric queries are. */
const STALENESS = 1_000;

/** Reads of current records, as the principal sees them. */
export function createRecordReader(context: CatalogContext, portion?: number): Pick<Records, 'get' | 'getByKey' | 'list'> {
  const { clock, audit, book } = context;
  const plan = createReadPlans(portion);
  const inTurn = createListings();
  const readOne = async (call: Call, recordType: string, name: string, find: Find, options: ReadOptions): Promise<CatalogRecord> => {
    const begun = clock.monotonic();
    if (options.after !== undefined) await catchUp(context, call, options.after);
    await book.require(call.principal.workspace, recordType);
    const {
      records: [record],
    } = await readRecords(context, plan, call, recordType, find, options);
    const result = record === undefined ? 'not_found' : 'ok';
    await audit.read({
      call,
      action: 'read',
      object: `record:${recordType}/${name}`,
      result,
      rows: record === undefined ? 0 : 1,
      milliseconds: clock.monotonic() - begun,
    });
    if (record === undefined) throw recordNotFound(recordType, name);
    return record;
  };
  return {
    async get(call, recordType, id, options = {}) {
      if (!isRecordId(id)) throw recordNotFound(recordType, id);
      return readOne(
        call,
        recordType,
        id,
        { where: 'r.id = any ($3::bigint[])', values: [id], keyed: { value: 2, column: 'id' } },
        options,
      );
    },
    getByKey(call, { recordType, sourceSystem }, sourceId, options = {}) {
      const find = {
        where: 'r.source_system = $3 and r.source_id = any ($4::text[])',
        values: [keyText(sourceSystem), keyText(sourceId)],
        keyed: { value: 3, column: 'source_id' },
      };
      return readOne(call, recordType, `${sourceSystem}/${sourceId.slice(0, MAX_SOURCE_ID_LENGTH)}`, find, options);
    },
    async list(call, recordType, options = {}) {
      const begun = clock.monotonic();
      if (options.after !== undefined) await catchUp(context, call, options.after);
      await book.require(call.principal.workspace, recordType);
      const limit = pageLimit(options.limit);
      const { records, found, looked } = await inTurn(call, () =>
        readRecords(context, plan, call, recordType, findPage(recordType, options, limit + 1), options),
      );
      const page = boundedPageOf(listingOf(recordType), records, { found, limit, place: keyOf, looked });
      await audit.read({
        call,
        action: 'list',
        object: `record:${recordType}`,
        rows: page.items.length,
        milliseconds: clock.monotonic() - begun,
      });
      return page;
    },
  };
}

const listingOf = (recordType: string): string => `records/${recordType}`;

function findPage(recordType: string, { sourceSystem, sourceId, filter, deleted, cursor }: ListOptions, limit: number): Find {
  const values: unknown[] = [];
  const conditions = ['true'];
  const next = (value: unknown): string => `$${values.push(value) + 2}`;
  if (sourceSystem !== undefined) conditions.push(`r.source_system = ${next(keyText(sourceSystem))}`);
  if (sourceId !== undefined) conditions.push(`r.source_id = ${next(keyText(sourceId))}`);
  if (cursor !== undefined)
    conditions.push(`(r.source_system, r.source_id) > (${decodeCursor(listingOf(recordType), cursor, 2).map(next).join(', ')})`);
  return { where: conditions.join(' and '), values, limit, filter, deleted };
}

interface ReadRow extends CatalogRecord {
  readonly shown: readonly boolean[];
  readonly found?: number;
  /** The keys between which a portion may end, of records that the caller may not see. */
  readonly edge?: readonly [...Key, ...Key] | null;
}

/** Where a portion has none of the records that are asked for, the row of its edge. */
type NoRow = { readonly [name in keyof ReadRow]: null } & Pick<ReadRow, 'edge'>;

interface FoundRecords {
  readonly records: readonly CatalogRecord[];
  /** Of a page, how many there are up to one more than its limit. */
  readonly found: number;
  /** Up to where the page looked at records, where there may be more behind it. */
  readonly looked: Key | undefined;
}

async function readRecords(
  context: CatalogContext,
  plan: ReturnType<typeof createReadPlans>,
  call: Call,
  recordType: string,
  find: Find,
  { after }: ReadOptions,
): Promise<FoundRecords> {
  const { database, eventLog, gate, policy, book } = context;
  const { workspace } = call.principal;
  await gate.records(call, 'read', recordType);
  const [types, resolved] = await Promise.all([book.types(workspace), policy.resolve(call.principal)]);
  const { statement, sight } = plan(types, resolved, recordType, find);
  const { deadline, signal } = call;
  const options = { deadline, signal, staleness: STALENESS, after: after === undefined ? undefined : eventLog.decodeToken(after) };
  const values = [workspace, recordType, ...find.values, ...sight.parameters, ...(find.limit === undefined ? [] : [find.limit])];
  const rows = await database.select<ReadRow | NoRow>([workspace], statement, values, options);
  const records = rows.filter(isRecord).map(({ shown, found: _, edge: __, ...row }) => {
    const data = seenData(row.data, sight.masks, shown);
    // The hash covers what is masked.
    return { ...row, data, content_hash: data === row.data ? row.content_hash : null };
  });
  const [first] = rows;
  const found = first?.found ?? 0;
  if (first?.edge == null) return { records, found, looked: undefined };
  const looked = lastPlace(first.edge);
  const within = records.filter(upTo(looked));
  return { records: within, found: within.length < records.length ? within.length : found, looked };
}

const isRecord = (row: ReadRow | NoRow): row is ReadRow => row.id !== null;
