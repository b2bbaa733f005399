import type { DuckDBConnection } from '@duckdb/node-api';
import type { Layouts, LayoutsChange } from './layouts.ts';
import { saveLayouts } from './meta.ts';
import { CATALOG_VIEW, viewStatements } from './views.ts';

/** Makes and alters tables within the connection's transaction, and the views over them. */
export async function changeLayouts(connection: DuckDBConnection, { layouts, changed, statements }: LayoutsChange): Promise<Layouts> {
  if (changed.length === 0) return layouts;
  for (const statement of statements) await connection.run(statement);
  await makeViews(connection, layouts);
  await saveLayouts(connection, layouts, changed);
  return layouts;
}

/** Where a file was brought up from an older format. */
export async function makeMissingViews(connection: DuckDBConnection, layouts: Layouts): Promise<void> {
  const views = await connection.runAndReadAll('select view_name from duckdb_views() where view_name = $1', [CATALOG_VIEW]);
  if (views.currentRowCount === 0) await makeViews(connection, layouts);
}

async function makeViews(connection: DuckDBConnection, layouts: Layouts): Promise<void> {
  for (const statement of viewStatements(layouts)) await connection.run(statement);
}
