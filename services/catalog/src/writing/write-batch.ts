import { boundRows, type Database, type Statement } from '@sophia/database';
import type { Actor, Cause, RecordId, Transaction, WorkspaceId } from '@sophia/types';
import { changedTypesSql, judgedTypes, type TypesGuard } from '../record-types/judged-types.ts';
import type { IncomingRecord } from '../rows/incoming-record.ts';
import type { NewRecords } from './new-records.ts';
import { INCOMING_COLUMNS, incomingRow, insertNewSql, settleSql, type UpsertParts, upsertSql } from './upsert-sql.ts';
import { PLAN_ONCE } from './write-chunk.ts';

/** One record of a batch; every item has its own workspace, actor and cause. */
export interface BatchItem {
  readonly workspace: WorkspaceId;
  readonly record: IncomingRecord;
  readonly actor: Actor;
  readonly cause: Cause;
}

export interface RecordOutcome {
  readonly change: 'created' | 'updated' | 'deleted' | 'none' | 'stale';
  /** Null where a deletion found no record. */
  readonly id: RecordId | null;
  readonly version: number | null;
}

/** Writes the items in one statement and tells what became of each; no key may come twice. Errors: `TypesChanged`. */
export type BatchWriter = (
  transaction: Transaction,
  items: readonly BatchItem[],
  options?: {
    /** Whether they may be taken to be new where their sources send nothing else; true unless told. */
    readonly guess?: boolean;
  },
) => Promise<readonly RecordOutcome[]>;

/** Writes a handful of records by arrays bound to the statement: two fewer round trips than COPY. */
export function createBatchWriter(database: Database, recordIdBase: string, newRecords: NewRecords, typesGuard: TypesGuard): BatchWriter {
  return async (transaction, items, { guess = true } = {}) => {
    const { statements, values } = BATCH.bind(items.map(({ workspace, record }, index) => incomingRow(workspace, record, index + 1)));
    const actors = allOrOne(items.map(({ actor }) => JSON.stringify(actor)));
    const causes = allOrOne(items.map(({ cause }) => JSON.stringify(cause)));
    const judged = judgedTypes(
      items.map(({ record }) => record),
      (index) => (items[index] as BatchItem).workspace,
    );
    const { lines, changes, ids, versions, changed_types } = await newRecords.write(
      items,
      async (likelyNew) => {
        const statement = likelyNew && guess ? statements.writeNew : statements.write;
        const [, [changed]] = await Promise.all([
          database.query(transaction, PLAN_ONCE),
          database.query<Changed>(transaction, statement, [...values, recordIdBase, actors, causes, ...judged]),
        ]);
        // An aggregate gives one row.
        return changed as Changed;
      },
      (changed) => changed.versions.length === items.length && changed.versions.every((version) => version === 1),
    );
    typesGuard.refuse(changed_types);
    const outcomes = new Array<RecordOutcome | undefined>(items.length);
    lines.forEach((line, index) => {
      outcomes[line - 1] = outcomeOf(CHANGES[changes[index] as keyof typeof CHANGES], ids[index] as RecordId, versions[index] as number);
    });
    if (lines.length === items.length) return outcomes as RecordOutcome[];
    for (const { line, stale, id, version } of await database.query<SettledRow>(transaction, statements.settle, values)) {
      outcomes[line - 1] ??= outcomeOf(stale ? 'stale' : 'none', id, version);
    }
    return outcomes as RecordOutcome[];
  };
}

/** What changed, column by column. */
interface Changed {
  readonly lines: readonly number[];
  readonly changes: readonly (keyof typeof CHANGES)[];
  readonly ids: readonly RecordId[];
  readonly versions: readonly number[];
  /** Workspaces of items that were judged by other types than there are. */
  readonly changed_types: readonly WorkspaceId[];
}

interface SettledRow {
  readonly line: number;
  readonly stale: boolean;
  readonly id: RecordId | null;
  readonly version: number | null;
}

const CHANGES = { c: 'created', u: 'updated', d: 'deleted', t: 'none' } as const;

/** Version 0 stands for a record that never was there. */
const outcomeOf = (change: RecordOutcome['change'], id: RecordId | null, version: number | null): RecordOutcome => ({
  change,
  id,
  version: version === 0 ? null : version,
});

/** What all have in common once. */
const allOrOne = (texts: readonly string[]): readonly string[] => (texts.every((text) => text === texts[0]) ? texts.slice(0, 1) : texts);

/** Arrays, since a row that is returned alone takes PostgreSQL 5 µs. */
const CHANGED = `select ${Object.entries({ lines: 'last_line', changes: 'last_change::text', ids: 'id', versions: 'version' })
  .map(([name, column]) => `coalesce(array_agg(${column}), '{}') as ${name}`)
  .join(', ')}`;

/** Most records of a moment come from one source, and say no more than who they are and their data. */
const COMMON = [
  'workspace',
  'record_type',
  'source_system',
  'original',
  'business_priority',
  'occurred_at',
  'source_version',
  'source_order',
  'stream_version',
];

const BATCH = boundRows(INCOMING_COLUMNS, [COMMON], (incoming, shape) => {
  const [base, actors, causes] = [1, 2, 3].map((place) => `$${INCOMING_COLUMNS.length + place}`);
  const parts: UpsertParts = {
    incoming,
    recordIdBase: `${base}::bigint`,
    actor: ofLine(`(${actors}::jsonb[])`),
    cause: ofLine(`(${causes}::jsonb[])`),
    select: `${CHANGED}, ${changedTypesSql(INCOMING_COLUMNS.length + 4)} as changed_types from changed`,
  };
  const write: Statement = { name: `catalog_write_batch_${shape}`, text: upsertSql(parts) };
  const writeNew: Statement = { name: `catalog_write_new_batch_${shape}`, text: insertNewSql(parts), fallback: write };
  const select = 'select line, stale, id, version from arrived';
  const settle: Statement = { name: `catalog_settle_batch_${shape}`, text: settleSql({ incoming, select }) };
  return { write, writeNew, settle };
});

/** That of the changed row's line, or the one of all lines. */
function ofLine(array: string): string {
  return `coalesce(${array}[c.last_line], ${array}[1])`;
}
