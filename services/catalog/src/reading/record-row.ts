import type { BusinessPriority, JsonObject, RecordId } from '@sophia/types';

/** A record as its table gives it. */
export interface RecordRow {
  readonly id: RecordId;
  readonly source_system: string;
  readonly record_type: string;
  readonly source_id: string;
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

export const RECORD_COLUMNS = `id, source_system, record_type, source_id, version, data, content_hash, business_priority, occurred_at,
  source_version, created_at, updated_at, deleted_at`;
