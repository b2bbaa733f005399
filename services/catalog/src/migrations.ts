/** The module of the catalog's tables, for `migrate`; it stands behind the event log's, whose `event` it writes. */
export const CATALOG_MIGRATIONS = { module: 'catalog', directory: new URL('../migrations/', import.meta.url) };
