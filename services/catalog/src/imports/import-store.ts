import { boundedPage, type CallOptions, type Database, type Session, type Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { JsonObject, JsonValue, Transaction, WorkspaceId } from '@sophia/types';
import type { ImportOptions, ImportState } from '../catalog.ts';
import {
  ASSUMED,
  IMPORT_COLUMNS,
  IMPORT_NAMES,
  IMPORT_SOURCE,
  type ImportRunRow,
  IS_RUNNING,
  type KeptParameters,
  keptState,
  MILLISECONDS_SINCE,
  stateOf,
} from './import-row.ts';
import { emptyHash, type LaneState } from './lane.ts';

/** The tables of imports. */
export interface ImportStore {
  insert(transaction: Transaction, run: NewImport): Promise<void>;
  /** Errors: `not_found`. */
  read(workspace: WorkspaceId, id: string, limits?: CallOptions): Promise<ImportRunRow>;
  list(
    workspace: WorkspaceId,
    page: { readonly before: string | null; readonly state: ImportState | null; readonly limit: number },
    limits: CallOptions,
  ): Promise<ListedImport[]>;
  lanes(workspace: WorkspaceId, id: string): Promise<LaneState[]>;
  /** The last bookmark of the newest import of this kind and name that has one. */
  lastState(workspace: WorkspaceId, kind: string, name: string): Promise<JsonValue | null>;
  /** An import that was interrupted or failed runs again. */
  reopen(workspace: WorkspaceId, id: string): Promise<void>;
  note(workspace: WorkspaceId, id: string, progress: ImportNote): Promise<void>;
  deletedByVersion(transaction: Transaction, id: string, rows: number): Promise<void>;
  fail(
    transaction: Transaction,
    id: string,
    end: {
      readonly state: 'running' | 'failed';
      readonly failure: JsonObject;
      readonly milliseconds: number;
      readonly source: string | null;
    },
  ): Promise<void>;
  finish(
    transaction: Transaction,
    id: string,
    end: { readonly through: number; readonly milliseconds: number; readonly bytesRead: number | null; readonly source: string | null },
  ): Promise<void>;
  keepToken(workspace: WorkspaceId, id: string, token: string): Promise<void>;
}

/** How many were found, of which fewer are given where they are large. */
type ListedImport = ImportRunRow & { readonly found: number };

export interface NewImport {
  readonly workspace: WorkspaceId;
  readonly id: string;
  readonly options: ImportOptions;
  readonly principal: string;
  readonly lanes: number;
}

export interface ImportNote {
  readonly bytesRead: number | null;
  /** Undefined leaves the last one. */
  readonly state: JsonValue | undefined;
  readonly milliseconds: number;
}

interface LaneRow {
  readonly lane: number;
  readonly committed_through: string;
  readonly rolling_hash: string;
}

export function createImportStore(database: Database): ImportStore {
  const one = (workspace: WorkspaceId, statement: Statement, values: readonly unknown[]) =>
    database.write([workspace], (transaction) => database.query(transaction, statement, values));
  return {
    async insert(transaction, { workspace, id, options, principal, lanes }) {
      const { name, kind, sourceSystem, parameters = {}, assumed = [], bytesTotal } = options;
      const kept: KeptParameters = { ...parameters, ...(assumed.length === 0 ? {} : { [ASSUMED]: assumed }) };
      await Promise.all([
        database.query(transaction, INSERT_RUN, [id, workspace, name, kind, principal, sourceSystem, kept, lanes, bytesTotal]),
        database.query(transaction, INSERT_LANES, [id, workspace, lanes, emptyHash()]),
      ]);
    },
    async read(workspace, id, limits) {
      const [row] = await database.select<ImportRunRow>([workspace], READ_RUN, [id], limits);
      if (row === undefined) throw new SophiaError('not_found', `There is no import ${id}.`);
      return row;
    },
    list: (workspace, { before, state, limit }, limits) =>
      database.select<ListedImport>([workspace], LIST_RUNS, [workspace, before, state, limit], limits),
    async lanes(workspace, id) {
      const rows = await database.select<LaneRow>([workspace], READ_LANES, [id]);
      return rows.map((row) => ({ lane: row.lane, committedThrough: Number(row.committed_through), rollingHash: row.rolling_hash }));
    },
    async lastState(workspace, kind, name) {
      const [row] = await database.select<Pick<ImportRunRow, 'last_state'>>([workspace], READ_LAST_STATE, [workspace, kind, name]);
      return stateOf(row?.last_state ?? null);
    },
    async reopen(workspace, id) {
      await one(workspace, REOPEN, [id]);
    },
    async note(workspace, id, { bytesRead, state, milliseconds }) {
      await one(workspace, NOTE, [id, bytesRead, state === undefined ? null : keptState(state), milliseconds]);
    },
    async deletedByVersion(transaction, id, rows) {
      await database.query(transaction, COUNT_DELETED, [id, rows]);
    },
    async fail(transaction, id, { state, failure, milliseconds, source }) {
      await database.query(transaction, FAIL, [id, state, failure, milliseconds, source]);
    },
    async finish(transaction, id, { through, milliseconds, bytesRead, source }) {
      await Promise.all([
        database.query(transaction, FINISH, [id, milliseconds, bytesRead, source]),
        database.query(transaction, FINISH_LANES, [id, through]),
      ]);
    },
    async keepToken(workspace, id, token) {
      await one(workspace, KEEP_TOKEN, [id, token]);
    },
  };
}

/** Takes the lock of an import for as long as the session lives; false where another has it. */
export async function lockImport(session: Session, id: string): Promise<boolean> {
  const [row] = await session.query<{ readonly locked: boolean }>(LOCK, [id]);
  return row?.locked === true;
}

const LOCK: Statement = {
  name: 'catalog_lock_import',
  text: `select pg_try_advisory_lock(hashtextextended('sophia.import.' || $1, 0)) as locked`,
};

const INSERT_RUN: Statement = {
  name: 'catalog_insert_import',
  text: `insert into import_run (id, workspace, name, kind, state, principal, source_system, parameters, lanes, bytes_total)
    values ($1, $2, $3, $4, 'running', $5, $6, $7, $8, $9)`,
};
const INSERT_LANES: Statement = {
  name: 'catalog_insert_import_lanes',
  text: `insert into import_lane (import, workspace, lane, rolling_hash)
    select $1, $2, lane, $4 from generate_series(0, $3::int - 1) as lane`,
};
const READ_RUN: Statement = { name: 'catalog_read_import', text: `select ${IMPORT_COLUMNS} from ${IMPORT_SOURCE} where i.id = $1` };
const LIST_RUNS: Statement = {
  name: 'catalog_list_imports',
  text: boundedPage({
    rows: `select * from (
        select ${IMPORT_COLUMNS} from ${IMPORT_SOURCE} where i.workspace = $1 and ($2::text is null or i.id < $2)
      ) as listed
      where $3::text is null or state = $3 order by id desc limit $4::int`,
    columns: IMPORT_NAMES.join(', '),
    values: ['errors', 'parameters', 'failure'],
    texts: ['last_state'],
    order: 'id desc',
  }),
};
const READ_LANES: Statement = {
  name: 'catalog_read_import_lanes',
  text: 'select lane, committed_through, rolling_hash from import_lane where import = $1 order by lane',
};
const READ_LAST_STATE: Statement = {
  name: 'catalog_read_last_state',
  text: `select last_state::text as last_state from import_run where workspace = $1 and kind = $2 and name = $3 and last_state is not null
    order by id desc limit 1`,
};
const REOPEN: Statement = {
  name: 'catalog_reopen_import',
  text: `update import_run set state = 'running', failure = null, updated_at = now() where id = $1`,
};
const NOTE: Statement = {
  name: 'catalog_note_import',
  text: `update import_run set bytes_read = coalesce($2, bytes_read), last_state = coalesce($3::jsonb, last_state), milliseconds = $4,
    updated_at = now() where id = $1`,
};
const COUNT_DELETED: Statement = {
  name: 'catalog_count_deleted_by_version',
  text: `update import_run as i set deleted_by_version = i.deleted_by_version + $2::bigint,
    milliseconds = i.milliseconds + ${MILLISECONDS_SINCE}, updated_at = now() where i.id = $1`,
};
/**
 * Ends an import by an update of its row, and notes the others of its source that run at this moment: one that is killed
 * later was interrupted after this end, however long before it had written its last row. What another transaction writes
 * just now is noted by that, and not waited for: two that end at once would wait for each other.
 */
const ending = (update: string): string => `with ended as (
    ${update} returning id, workspace, source_system, state
  ), running as (
    select i.id from import_run as i join ended on ended.workspace = i.workspace and ended.source_system = i.source_system
    where i.state = 'running' and ended.state <> 'running' and i.id <> ended.id and ${IS_RUNNING}
    for no key update of i skip locked
  )
  update import_run as i set milliseconds = i.milliseconds + ${MILLISECONDS_SINCE}, updated_at = now() from running where i.id = running.id`;
const FAIL: Statement = {
  name: 'catalog_fail_import',
  text: ending(
    `update import_run set state = $2, failure = $3, milliseconds = $4, source_system = coalesce(source_system, $5), updated_at = now()
    where id = $1`,
  ),
};
const FINISH: Statement = {
  name: 'catalog_finish_import',
  text: ending(
    `update import_run set state = 'finished', failure = null, milliseconds = $2, bytes_read = coalesce($3, bytes_read),
    source_system = coalesce(source_system, $4), updated_at = now(), finished_at = now() where id = $1`,
  ),
};
const FINISH_LANES: Statement = {
  name: 'catalog_finish_import_lanes',
  text: 'update import_lane set committed_through = $2 where import = $1',
};
const KEEP_TOKEN: Statement = { name: 'catalog_keep_import_token', text: 'update import_run set token = $2 where id = $1' };
