import type { Parties } from '@sophia/shared';
import type { FieldDefinition, FieldType, Position, WorkspaceId } from '@sophia/types';

/** Types of result columns; each adapter maps its own to them. */
export type WarehouseColumnType = 'text' | 'integer' | 'number' | 'money' | 'boolean' | 'date' | 'timestamp' | 'text_list' | 'json';

/** A column of a type's table. One of type `reference` holds the source id and has `<name>__system` (text) beside it. */
export interface WarehouseColumn {
  readonly name: string;
  readonly type: FieldType;
}

/**
 * Which tables and columns hold a record type's fields in one workspace.
 *
 * Each table `t` has a history `t_history` with the same columns and `valid_to`. Both have `workspace`, `id`,
 * `source_system`, `source_id`, `version`, `occurred_at`, `business_priority`, `created_at`, `valid_from`, and `extra`
 * (JSON: what no field knows). An extension table has `workspace`, `id`, `version`, `valid_from` and the added fields;
 * its rows belong to those of the table with the same `id`, in the histories with the same `id` and `version`.
 * A row that was written before the extension came has none there.
 */
export interface TypeLayout {
  readonly workspace: WorkspaceId;
  readonly recordType: string;
  /** `deal`, shared by all workspaces, or `x_<workspace>_<type>`. */
  readonly table: string;
  /** Table of the fields that this workspace added to a built-in type. */
  readonly extensionTable?: string | undefined;
  /** Where each field is: one column, or several where its type changed (newest first). */
  readonly fields: ReadonlyMap<string, FieldLayout>;
}

export interface FieldLayout {
  readonly definition: FieldDefinition;
  /** Whether its columns stand in the extension table. */
  readonly extension: boolean;
  /** Newest first; reads take the first that is not null, safely cast to the newest type. */
  readonly columns: readonly [WarehouseColumn, ...WarehouseColumn[]];
}

/** A record's state after an event, for one type's table. Values are canonical JSON values of the field types. */
export interface WarehouseRow {
  readonly workspace: WorkspaceId;
  readonly id: string;
  readonly source_system: string;
  readonly source_id: string;
  /** 1 names a record that was never there before. */
  readonly version: number;
  readonly occurred_at: string | null;
  readonly business_priority: string | null;
  readonly created_at: string;
  /** Microseconds since 1970 of the event's tick. */
  readonly valid_from: bigint;
  readonly data: Readonly<Record<string, unknown>>;
}

export type WarehouseChange =
  | { readonly kind: 'upsert'; readonly recordType: string; readonly row: WarehouseRow }
  | {
      readonly kind: 'delete';
      readonly recordType: string;
      readonly workspace: WorkspaceId;
      readonly id: string;
      /** The version that the deletion is: later than that of every row it removes. */
      readonly version: number;
      readonly at: bigint;
    }
  /** Blanks the record's fields, now and in its history. Its row, key and versions stay. */
  | { readonly kind: 'erase'; readonly recordType: string; readonly workspace: WorkspaceId; readonly id: string }
  /** The type has these fields from here on: the same as `ensureType`, in the batch's transaction and order. */
  | {
      readonly kind: 'define';
      readonly recordType: string;
      readonly workspace: WorkspaceId;
      readonly fields: readonly FieldDefinition[];
    };

export interface WarehouseBatch {
  readonly changes: readonly WarehouseChange[];
  readonly cursor: Position;
  readonly tick: number;
  /** By which the log tells the batch's tick from another one of its number. */
  readonly mark?: string | undefined;
  /** ISO 8601 with microseconds. */
  readonly completeTo: string;
  readonly endOfTick: boolean;
  /**
   * Events that stood aside are handed over again: the cursor stays where it is, and changes whose version is already
   * there are passed over.
   */
  readonly replay?: boolean | undefined;
}

export interface AppliedState {
  /** Null before anything was applied. */
  readonly cursor: Position | null;
  /** The last tick applied to its end. */
  readonly tick: number;
  readonly completeTo: string | null;
  /** That of the last batch. */
  readonly mark?: string | undefined;
  /** Grows with each rebuild. */
  readonly generation: number;
}

export interface WarehouseStatement {
  readonly text: string;
  /** Bound as `$1`, `$2` ...: whole numbers and bigint as 64-bit integers, other numbers as doubles. The text casts them to what it needs. */
  readonly parameters: readonly (string | number | boolean | bigint | null)[];
}

export interface WarehouseResult {
  readonly columns: readonly { readonly name: string; readonly type: WarehouseColumnType }[];
  /**
   * One array per column. Decimals are strings with all digits of their scale (`"1054.0000"`), integers beyond 2^53
   * strings, dates `YYYY-MM-DD`, timestamps ISO 8601 in UTC with only the digits that
   * are needed, lists arrays, JSON parsed.
   */
  readonly values: readonly (readonly unknown[])[];
  readonly rowCount: number;
  /** Read in the same transaction as the rows. */
  readonly applied: AppliedState;
}

export interface QueryOptions {
  /** Milliseconds; 10,000 unless told. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** On whose behalf: queries that wait are run by turns, one of each party. One of several parties is run at the first turn of any. */
  readonly party?: string | Parties | undefined;
  /** More rows than this fail with `result_too_large`; 100,000 unless told. */
  readonly maxRows?: number | undefined;
}

export interface RelationOptions {
  /** Placeholder such as `$1`, bound to microseconds since 1970 as a bigint: the relation as of that instant. Now, unless told. */
  readonly asOf?: string | undefined;
}

/**
 * A table that is kept beside the records' own, in the same transactions: a rollup.
 *
 * `create` makes and fills it from the tables of the records; `refresh` brings it up to date. While `refresh` runs, the
 * tables of the records are those after the batch, and for each table `t` of the types in `reads` (the extension tables
 * too) a view `changed_<t>` has all columns of `t` and `sign`: -1 for rows that the batch removed or replaced, as they
 * were, and 1 for rows that are new or new versions. Sums and counts are refreshed by delta, others by recomputing the
 * groups that occur in `changed_<t>`. Rows are deleted and inserted rather than updated: an update of DuckDB's keeps the
 * file from being folded while an older reader is open.
 */
export interface DerivedTable {
  /** `rollup_` and lower-case words joined by underscores. */
  readonly name: string;
  /** Differs whenever the definition does: the table is then made anew. */
  readonly fingerprint: string;
  /** `refresh` runs after each batch that changed one of these. */
  readonly reads: readonly { readonly workspace: WorkspaceId; readonly recordType: string }[];
  readonly create: readonly WarehouseStatement[];
  readonly refresh: readonly WarehouseStatement[];
  /** The same outcome with less work after a batch that changed, of the types read, this one alone: for it alone there is `changed_<t>` then. */
  readonly refreshAlone?: { readonly recordType: string; readonly statements: readonly WarehouseStatement[] } | undefined;
}

export interface DerivedTableState {
  readonly name: string;
  readonly fingerprint: string;
  /** Set where a refresh failed: the table was dropped, and its fingerprint is not tried again. */
  readonly error?: string | undefined;
}

/** What one table of a record type in one workspace holds, whatever the order of its rows. */
export interface TableDigest {
  readonly workspace: WorkspaceId;
  readonly recordType: string;
  readonly part: 'current' | 'history';
  readonly rows: number;
  readonly digest: string;
}

export interface TableDifference {
  readonly workspace: WorkspaceId;
  readonly recordType: string;
  readonly part: 'current' | 'history';
  /** Null where there is no such table. */
  readonly live: { readonly rows: number; readonly digest: string } | null;
  readonly rebuilt: { readonly rows: number; readonly digest: string } | null;
}

/** A warehouse that is made anew beside the one in use, by applying the log from its beginning. One writer at a time. */
export interface WarehouseRebuild {
  readonly generation: number;
  applied(): AppliedState;
  apply(batch: WarehouseBatch): Promise<void>;
  ensureType(workspace: WorkspaceId, recordType: string, fields: readonly FieldDefinition[]): Promise<TypeLayout>;
  /**
   * Takes types and derived tables along that only the warehouse in use was told of: it takes as long as filling them, and
   * leaves to the switch what came since.
   */
  takeAlong(): Promise<void>;
  /**
   * Every table that is not equal. Both must have applied up to the same cursor, else `warehouse_rebuild_refused`. They are
   * compared as they are when `onHeld` is told: what is applied from then on neither waits nor is compared.
   */
  compare(onHeld?: () => void): Promise<readonly TableDifference[]>;
  /**
   * Makes this the warehouse in use, also after a crash at any moment, and tells `onSwitched`: queries that run finish on
   * the old one, which is then removed. Throws `warehouse_rebuild_refused` where the one in use has applied more.
   */
  switchOver(onSwitched?: () => void): Promise<void>;
  /** Gives the rebuild up and removes what it made. */
  abandon(): Promise<void>;
}

/**
 * Typed tables of the records with their history, and over them the views `unified_data_catalog` (all records),
 * `record_versions` (all versions) and `active_deals` (open deals).
 *
 * - W1 `apply`: rows and cursor in one transaction; applying a batch again is a no-op. A row that cannot be held exactly
 *   is `warehouse_row_refused` and names its record; what concerns the environment is told by `isEnvironmental`.
 * - W2 `query`: bound parameters only, cancellable, limited memory and concurrency; columns out.
 * - W3 any table as of a past time: current rows with `valid_from <= T` and history rows with
 *   `valid_from <= T < valid_to`.
 * - W4 `version(workspace, recordTypes)`: changes exactly when an answer over those types may change.
 * - W5 one owner process writes; others read through the service and are told `warehouse_in_use`.
 * - W6 derived tables change in the same transaction as the rows that they are derived from.
 * - W7 a rebuild takes the place of the warehouse in one step, without a stop; it equals what it replaces.
 */
export interface Warehouse {
  /** Makes or alters the tables for these types of this workspace; existing values stay readable. */
  ensureType(workspace: WorkspaceId, recordType: string, fields: readonly FieldDefinition[]): Promise<TypeLayout>;
  layout(workspace: WorkspaceId, recordType: string): TypeLayout | undefined;
  apply(batch: WarehouseBatch): Promise<void>;
  applied(): AppliedState;
  query(statement: WarehouseStatement, options?: QueryOptions): Promise<WarehouseResult>;
  /**
   * SQL of a subquery in parentheses: the type's records in the workspace, each field under its name (references with
   * `<name>__system`), beside the columns that every record has and `extra`. Throws `warehouse_type_unknown`.
   */
  relation(workspace: WorkspaceId, recordType: string, options?: RelationOptions): string;
  /** Whether a record of the type was ever written in the workspace, as far as the log is applied. */
  hasRecords(workspace: WorkspaceId, recordType: string): boolean;
  /** `<generation>.<tick of the last change>.<number of the change>`. */
  version(workspace: WorkspaceId, recordTypes: readonly string[]): string;
  /**
   * These derived tables and no others, of the workspace or of all: makes, keeps and drops what that takes. Survives a
   * restart. Closing ends it as `warehouse_unavailable`, with what is made by then.
   */
  setDerivedTables(tables: readonly DerivedTable[], workspace?: WorkspaceId): Promise<void>;
  derivedTables(): readonly DerivedTableState[];
  digests(): Promise<readonly TableDigest[]>;
  /** Throws `warehouse_rebuild_refused` while another one is under way. */
  startRebuild(): Promise<WarehouseRebuild>;
  close(): Promise<void>;
}
