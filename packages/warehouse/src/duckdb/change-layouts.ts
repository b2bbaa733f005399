import type { DuckDBConnection } from '@duckdb/node-api';
import type { Layouts, LayoutsChange } from './layouts.ts';
import { saveLayouts } from './meta.ts';
import { viewStatements } from './views.ts';

/** Makes and alters tables within the connection's transaction, and the views over them. */
export async function changeLayouts(connection: DuckDBConnection, { layouts, changed, statements }: LayoutsChange): Promise<Layouts> {
  if (changed.length === 0) return layouts;
  for (const statement of [...statements, ...viewStatements(layouts)]) await connection.run(statement);
  await saveLayouts(connection, layouts, changed);
  return layouts;
}
