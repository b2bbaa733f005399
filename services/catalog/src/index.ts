export type * from './catalog.ts';
export type { Collaborators } from './collaborators.ts';
export { type CatalogOptions, createCatalog } from './create-catalog.ts';
export { createDirectory } from './directory.ts';
export { CATALOG_MIGRATIONS, REPAIRED_IDS } from './migrations.ts';
export {
  type InterruptedSourceRow,
  readInterruptedSources,
  readSourceActivity,
  type SourceActivityRow,
} from './reading/source-activity.ts';
export { createRecordTypeBook, type RecordTypeBook } from './record-types/record-type-book.ts';
export { MAX_ROWS } from './records/upsert-many.ts';
