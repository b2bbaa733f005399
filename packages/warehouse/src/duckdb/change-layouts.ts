import type { DuckDBConnection } from '@duckdb/node-api';
import type { LayoutsChange } from './layouts.ts';
import { type Meta, saveLayouts } from './meta.ts';

/**
 * Makes and alters tables within the connection's transaction. The views over them stay as they were until somebody
 * reads one: making them takes time by the number of all tables.
 */
export async function changeLayouts(
  connection: DuckDBConnection,
  meta: Meta,
  { layouts, changed, statements }: LayoutsChange,
): Promise<Meta> {
  if (changed.length === 0) return meta;
  for (const statement of statements) await connection.run(statement);
  if (meta.hasViews) await connection.run('delete from sophia.views');
  await saveLayouts(connection, layouts, changed);
  return { ...meta, layouts, hasViews: false };
}
