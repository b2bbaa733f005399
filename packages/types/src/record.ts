import type { RecordId, WorkspaceId } from './ids.ts';
import type { JsonObject, JsonValue } from './json.ts';

/** What names one thing from one source, beside its workspace. */
export interface NaturalKey {
  readonly source_system: string;
  readonly record_type: string;
  readonly source_id: string;
}

export const PRIORITIES = ['critical', 'high', 'medium', 'low'] as const;
export type BusinessPriority = (typeof PRIORITIES)[number];

/** A record as every interface reads it. Instants are ISO 8601 in UTC. */
export interface CatalogRecord extends NaturalKey {
  readonly id: RecordId;
  readonly version: number;
  readonly data: JsonObject;
  readonly content_hash: string | null;
  readonly business_priority: BusinessPriority | null;
  readonly occurred_at: string | null;
  readonly source_version: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deleted_at: string | null;
}

/** A row on its way in: typed by its mapping or its sender, not yet validated. */
export interface IncomingRow {
  /** Line of the row in its source, from 1; the index from 1 in an array. */
  readonly line: number;
  readonly source_id?: JsonValue | undefined;
  readonly occurred_at?: JsonValue | undefined;
  readonly source_version?: JsonValue | undefined;
  readonly business_priority?: JsonValue | undefined;
  /** The type's fields; unknown ones are kept under `extra`. */
  readonly fields: JsonObject;
  /** Raw value of each field that a mapping's rule repaired. */
  readonly original?: JsonObject | undefined;
  /** Whether the source itself says that the record is gone, read as a boolean field is. */
  readonly deleted?: JsonValue | undefined;
}

export interface RowError {
  readonly line: number;
  readonly code: string;
  readonly message: string;
  readonly column?: string | undefined;
  readonly value?: JsonValue | undefined;
}

/** Counts add up to the rows sent: created + updated + unchanged + rejected (stale is part of unchanged; deletions count as updated). */
export interface WriteCounts {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly stale: number;
  readonly rejected: number;
}

export interface WriteAnswer extends WriteCounts {
  readonly token: string;
  /** At most 100; all of them are in the dead letters. */
  readonly errors: readonly RowError[];
}

export interface WorkspaceRef {
  readonly id: WorkspaceId;
  readonly name: string;
}
