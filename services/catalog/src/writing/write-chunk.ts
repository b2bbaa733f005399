import type { CopyTarget, Database, Statement } from '@sophia/database';
import type { Actor, Cause, Transaction, WorkspaceId } from '@sophia/types';
import type { IncomingRecord } from '../rows/incoming-record.ts';
import { INCOMING_COLUMNS, IS_STALE, upsertSql } from './upsert-sql.ts';
import { assignWaves } from './waves.ts';

export interface Chunk {
  readonly workspace: WorkspaceId;
  readonly records: readonly IncomingRecord[];
  readonly actor: Actor;
  /** What the events name beside their row's line. */
  readonly cause: Cause;
}

/** Counts of accepted rows: created + updated + unchanged; stale is part of unchanged. */
export interface ChunkCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly stale: number;
}

export type ChunkWriter = (transaction: Transaction, chunk: Chunk) => Promise<ChunkCounts>;

/**
 * Writes many records within a transaction: COPY into a temporary table, then `upsertSql` over it.
 * Per row this takes half the time of arrays bound to the statement (2,500 rows: 49 ms).
 *
 * @param recordIdBase the database's number in the high bits of every record's id
 */
export function createChunkWriter(database: Database, recordIdBase: string): ChunkWriter {
  return async (transaction, { workspace, records, actor, cause }) => {
    if (records.length === 0) return { created: 0, updated: 0, unchanged: 0, stale: 0 };
    const { waves, count } = assignWaves(records);
    await Promise.all([
      database.query(transaction, PLAN_BY_INDEX),
      database.query(transaction, CREATE_INCOMING),
      database.copyInto(transaction, INCOMING, copyRows(workspace, records, waves)),
    ]);
    const hasOrder = records.some((record) => record.source_order !== null || record.occurred_at !== null);
    let [created, updated, stale] = [0, 0, 0];
    for (let wave = 0; wave < count; wave++) {
      const [row] = await database.query<WaveCounts>(transaction, WRITE_WAVE, [wave, recordIdBase, actor, cause]);
      created += row?.created ?? 0;
      updated += row?.updated ?? 0;
      if (!hasOrder || row?.all_accepted === true) continue;
      const [old] = await database.query<{ readonly stale: number }>(transaction, COUNT_STALE, [wave]);
      stale += old?.stale ?? 0;
    }
    return { created, updated, unchanged: records.length - created - updated, stale };
  };
}

interface WaveCounts {
  readonly created: number;
  readonly updated: number;
  readonly all_accepted: boolean;
}

function* copyRows(workspace: WorkspaceId, records: readonly IncomingRecord[], waves: Int32Array): Generator<readonly unknown[]> {
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as IncomingRecord;
    yield [
      waves[index],
      record.line,
      workspace,
      record.record_type,
      record.source_system,
      record.source_id,
      record.data,
      record.content_hash,
      record.original,
      record.business_priority,
      record.occurred_at,
      record.source_version,
      record.source_order,
      record.stream_version,
    ];
  }
}

const INCOMING: CopyTarget = {
  table: 'incoming',
  columns: [{ name: 'wave', type: 'int4' }, ...INCOMING_COLUMNS.map(([name, type]) => ({ name, type }))],
};

/** Plans are kept, and one made while the table was empty would scan it as it fills. */
export const PLAN_BY_INDEX: Statement = {
  name: 'catalog_plan_by_index',
  text: `select set_config('enable_seqscan', 'off', true)`,
};

// Keys compare byte by byte, as in the table: sorting by a language's rules takes longer.
const CREATE_INCOMING: Statement = {
  name: 'catalog_create_incoming',
  text: `create temporary table if not exists incoming (
    wave int4 not null, ${INCOMING_COLUMNS.map(([name, type]) => `${name} ${type}${type === 'text' ? ' collate "C"' : ''}`).join(', ')}
  ) on commit delete rows`,
};

const WRITE_WAVE: Statement = {
  name: 'catalog_write_wave',
  text: upsertSql({
    incoming: '(select * from incoming where wave = $1::int)',
    recordIdBase: '$2::bigint',
    actor: '$3::jsonb',
    cause: `$4::jsonb || jsonb_build_object('line', c.last_line)`,
    select: `select
      count(*) filter (where last_change = 'c')::int as created,
      count(*) filter (where last_change in ('u', 'd'))::int as updated,
      count(*) filter (where last_change <> 's') = (select count(*) from incoming where wave = $1::int) as all_accepted
    from changed`,
  }),
};

const COUNT_STALE: Statement = {
  name: 'catalog_count_stale',
  text: `select count(*)::int as stale
    from (select * from incoming where wave = $1::int offset 0) as i, lateral (
      select r.newest_version, r.newest_occurrence from record as r
      where r.workspace = i.workspace and r.record_type = i.record_type and r.source_system = i.source_system and r.source_id = i.source_id
      offset 0
    ) as r
    where ${IS_STALE}`,
};
