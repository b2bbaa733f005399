/** The columns of a record as every interface reads it: a row of them is a `CatalogRecord`. */
export const RECORD_COLUMNS = `id, source_system, record_type, source_id, version, data, content_hash, business_priority, occurred_at,
  source_version, created_at, updated_at, deleted_at`;
