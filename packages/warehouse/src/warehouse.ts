import type { FieldDefinition, Position, WorkspaceId } from '@sophia/types';

/** Logical types of warehouse columns; each adapter maps them to its own. */
export type WarehouseColumnType = 'text' | 'integer' | 'number' | 'money' | 'boolean' | 'date' | 'timestamp' | 'text_list' | 'json';

export interface WarehouseColumn {
  readonly name: string;
  readonly type: WarehouseColumnType;
}

/** Which physical relation and column hold a record type's fields in one workspace. */
export interface TypeLayout {
  readonly workspace: WorkspaceId;
  readonly recordType: string;
  /** The current table: `deal`, or `x_<workspace>_<type>`. Its history is `<table>_history`. */
  readonly table: string;
  /** Table of the fields that this workspace added to a built-in type, joined by `id`. */
  readonly extensionTable?: string | undefined;
  /** Where each field is: one column, or several where its type changed (newest first). */
  readonly fields: ReadonlyMap<string, FieldLayout>;
}

export interface FieldLayout {
  readonly definition: FieldDefinition;
  readonly extension: boolean;
  /** Newest first; reads take the first that is not null, safely cast to the newest type. */
  readonly columns: readonly WarehouseColumn[];
}

/** A record's state after an event, for one type's table. Values are canonical JSON values of the field types. */
export interface WarehouseRow {
  readonly workspace: WorkspaceId;
  readonly id: string;
  readonly source_system: string;
  readonly source_id: string;
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
  | { readonly kind: 'delete'; readonly recordType: string; readonly workspace: WorkspaceId; readonly id: string; readonly at: bigint }
  | { readonly kind: 'erase'; readonly recordType: string; readonly workspace: WorkspaceId; readonly id: string };

export interface WarehouseBatch {
  readonly changes: readonly WarehouseChange[];
  readonly cursor: Position;
  readonly tick: number;
  /** ISO 8601 with microseconds. */
  readonly completeTo: string;
  readonly endOfTick: boolean;
}

export interface AppliedState {
  /** Null before anything was applied. */
  readonly cursor: Position | null;
  /** The last tick applied to its end. */
  readonly tick: number;
  readonly completeTo: string | null;
  /** Grows with each rebuild. */
  readonly generation: number;
}

export interface WarehouseStatement {
  readonly text: string;
  /** Bound as `$1`, `$2` ...; text, double, boolean, or a decimal string that the text casts. */
  readonly parameters: readonly (string | number | boolean | bigint | null)[];
}

export interface WarehouseResult {
  readonly columns: readonly { readonly name: string; readonly type: WarehouseColumnType }[];
  /** One array per column; money and integers beyond 2^53 as strings, dates `YYYY-MM-DD`, timestamps ISO 8601 UTC. */
  readonly values: readonly (readonly unknown[])[];
  readonly rowCount: number;
  /** Read in the same transaction as the rows. */
  readonly applied: AppliedState;
}

export interface QueryOptions {
  /** Milliseconds; 10,000 unless told. */
  readonly deadline?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** More rows than this fail with `result_too_large`; 100,000 unless told. */
  readonly maxRows?: number | undefined;
}

/**
 * Typed tables of the records with their history.
 *
 * - W1 `apply`: rows and cursor in one transaction; applying a batch again is a no-op.
 * - W2 `query`: bound parameters only, cancellable, limited memory and concurrency; columns out.
 * - W3 any table as of a past time: current rows with `valid_from <= T` and history rows with
 *   `valid_from <= T < valid_to`.
 * - W4 `version(workspace, recordTypes)`: changes exactly when an answer over those types may change.
 * - W5 one owner process writes; others read through the service.
 */
export interface Warehouse {
  /** Makes or alters the tables for these types of this workspace; existing values stay readable. */
  ensureType(workspace: WorkspaceId, recordType: string, fields: readonly FieldDefinition[]): Promise<TypeLayout>;
  layout(workspace: WorkspaceId, recordType: string): TypeLayout | undefined;
  apply(batch: WarehouseBatch): Promise<void>;
  applied(): AppliedState;
  query(statement: WarehouseStatement, options?: QueryOptions): Promise<WarehouseResult>;
  version(workspace: WorkspaceId, recordTypes: readonly string[]): string;
  /** Runs statements that keep derived tables (rollups) inside the next `apply` transactions; see `rollups.ts`. */
  close(): Promise<void>;
}
