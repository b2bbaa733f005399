import type { Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { Call, Cause, Transaction, WorkspaceId, WriteCounts } from '@sophia/types';
import { actorOf } from '../access/attribution.ts';
import { maskedFields } from '../access/masked-fields.ts';
import type { WriteAccess } from '../access/write-access.ts';
import { isGuarded } from '../access/write-guard.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { storeRejected } from '../dead-letters/store-rejected.ts';
import { byCurrentTypes } from '../record-types/by-current-types.ts';
import { checkTarget } from '../records/write-target.ts';
import type { IncomingRecord } from '../rows/incoming-record.ts';
import { withRefused } from '../rows/with-refused.ts';
import type { Lane } from './lane.ts';
import type { PlacedRow } from './round.ts';

export interface LaneChunk {
  readonly importId: string;
  readonly cause: Cause;
  readonly lane: Lane;
  readonly rows: readonly PlacedRow[];
  /** Place in the stream up to which the lane is committed with it. */
  readonly through: number;
  /** By record type. */
  readonly access: ReadonlyMap<string, WriteAccess>;
}

/**
 * Commits one chunk of a lane: its records and their events, its rejected rows, and how far the lane
 * has come. Errors: `import_taken_over` where another process has gone on with the import.
 */
export async function writeLaneChunk(context: CatalogContext, call: Call, chunk: LaneChunk): Promise<WriteCounts> {
  const { database, clock, committed, catalogMetrics } = context;
  const { workspace } = call.principal;
  const { lane, through } = chunk;
  const begun = clock.monotonic();
  let rows: readonly PlacedRow[] | undefined;
  const write = byCurrentTypes(async () => {
    const judged = rows === undefined ? chunk.rows : await judgedAgain(context, workspace, chunk.access, rows);
    rows = judged;
    const rollingHash = lane.extend(judged);
    const work = (transaction: Transaction) => commitChunk(context, transaction, call, { ...chunk, rows: judged }, rollingHash);
    const { value } = await database.write([workspace], work, { deadline: call.deadline ?? CHUNK_DEADLINE });
    return { value, records: recordsOf(judged) };
  });
  const { value, records } = await write();
  lane.committed(through);
  committed(workspace, records);
  catalogMetrics.chunkWritten(clock.monotonic() - begun);
  catalogMetrics.counted(value);
  return value;
}

/** Milliseconds: a chunk takes a twentieth of a second, and waits for the database where that restarts. */
const CHUNK_DEADLINE = 30_000;

const recordsOf = (rows: readonly PlacedRow[]): IncomingRecord[] => rows.flatMap(({ prepared }) => prepared.record ?? []);

/** The access to all types of a chunk is known before its rows are read. */
const maskedIn = (access: LaneChunk['access'], recordType: string): ReadonlySet<string> | undefined =>
  maskedFields(access.get(recordType) as WriteAccess);

/** Rows that were judged by types which have changed, by the types as they are. */
const judgedAgain = (
  { book }: CatalogContext,
  workspace: WorkspaceId,
  access: LaneChunk['access'],
  rows: readonly PlacedRow[],
): Promise<readonly PlacedRow[]> =>
  Promise.all(
    rows.map(async (placed) => {
      const target = checkTarget(placed.target);
      const prepare = await book.preparer(workspace, target.recordType);
      return { ...placed, prepared: prepare(placed.row, target, maskedIn(access, target.recordType)) };
    }),
  );

async function commitChunk(
  context: CatalogContext,
  transaction: Transaction,
  call: Call,
  chunk: LaneChunk,
  rollingHash: string,
): Promise<WriteCounts> {
  const { database, audit, clock, typesGuard } = context;
  const { workspace } = call.principal;
  const begun = clock.monotonic();
  const { importId, lane, rows, through } = chunk;
  const records = recordsOf(rows);
  const keepUnseen = context.unseenValues(call, chunk.access);
  const { counts: written, refused } = await guarded(context, transaction, call, chunk.access, records, () =>
    context.writeChunk(transaction, { workspace, records, actor: actorOf(call), cause: chunk.cause, keepUnseen }),
  );
  const rejected = withRefused(
    rows.flatMap(({ prepared }) => prepared.rejected ?? []),
    refused,
  );
  const counts = { ...written, rejected: rejected.length };
  const { created, updated, unchanged, stale } = counts;
  const entry = { call, action: 'write', object: `import:${importId}`, rows: rows.length, milliseconds: clock.monotonic() - begun };
  const repairs = countRepairs(rows);
  const progress = [
    importId,
    lane.number,
    lane.committedThrough,
    through,
    rollingHash,
    created,
    updated,
    unchanged,
    stale,
    rejected.length,
    repairs,
  ];
  const [advanced] = await Promise.all([
    database.query(transaction, ADVANCE, progress),
    typesGuard.hold(transaction, rejected, workspace),
    storeRejected(database, transaction, {
      workspace,
      rows: rejected,
      accepted: records.filter((record) => !refused.has(record)),
      unseen: (recordType) => maskedIn(chunk.access, recordType),
      importId,
    }),
    audit.record(transaction, [entry]),
  ]);
  if (advanced.length === 0) throw new SophiaError('import_taken_over', `Another process has gone on with the import ${importId}.`);
  return counts;
}

/** Holds each type's own rule over its rows, one within the other. */
function guarded<T>(
  { guard }: CatalogContext,
  transaction: Transaction,
  call: Call,
  access: LaneChunk['access'],
  records: readonly IncomingRecord[],
  write: () => Promise<T>,
): Promise<T> {
  let guardedWrite = write;
  for (const [recordType, ofType] of access) {
    if (!isGuarded(ofType)) continue;
    const inner = guardedWrite;
    const keys = records.filter((record) => record.record_type === recordType);
    guardedWrite = () => guard(transaction, call, ofType, keys, inner);
  }
  return guardedWrite();
}

function countRepairs(rows: readonly PlacedRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { repairs } of rows) for (const rule of repairs) counts[rule] = (counts[rule] ?? 0) + 1;
  return counts;
}

const ADVANCE: Statement = {
  name: 'catalog_advance_lane',
  text: `update import_lane as l
    set committed_through = $4, rolling_hash = $5, created = created + $6::int, updated = updated + $7::int,
      unchanged = unchanged + $8::int, stale = stale + $9::int, rejected = rejected + $10::int,
      repairs = case when $11::jsonb = '{}' then l.repairs else (
        select jsonb_object_agg(rule, times) from (
          select rule, sum(times::bigint) as times
          from (select * from jsonb_each_text(l.repairs) union all select * from jsonb_each_text($11::jsonb)) as counted (rule, times)
          group by rule
        ) as summed
      ) end
    where import = $1 and lane = $2 and committed_through = $3
    returning lane`,
};
