/** The module of the catalog's tables, for `migrate`; it stands behind the event log's, whose `event` it writes. */
export const CATALOG_MIGRATIONS = { module: 'catalog', directory: new URL('../migrations/', import.meta.url) };

/** Brings letters that were written before it to the records that they name, also those of an older backup: it may be repeated. */
export const REPAIRED_IDS = '0003_repaired_ids.sql';
