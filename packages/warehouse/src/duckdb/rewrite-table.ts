import type { DatabaseFile } from './database-file.ts';
import { quote } from './identifiers.ts';
import { interruptible } from './interruptible.ts';
import type { Writer } from './writer.ts';

/** Begins the name of a copy; one that stands in a file when it is opened is what a crash left. */
export const COPY_PREFIX = 'rewrite__';

const COPY_MS = 600_000;

/** Dead rows of a table, or 0 where they are a smaller share of it. */
export async function rowsToRewrite(writer: Writer, table: string, share: number): Promise<number> {
  return writer.exclusive(async (connection) => {
    const [[all, live] = []] = (
      await connection.runAndReadAll(
        `select estimated_size, (select count(*) from ${quote(table)}) from duckdb_tables() where table_name = $1 and schema_name = 'main'`,
        [table],
      )
    ).getRows();
    const dead = Number(all) - Number(live);
    return dead > Number(all) * share ? dead : 0;
  });
}

/**
 * Writes a table anew, without its dead rows and in the order of workspace and id, while batches are applied: a copy is
 * made from a snapshot, then the ids that batches touched meanwhile are copied again, and the copy takes the table's
 * place, in one transaction.
 */
export async function rewriteTable(
  file: DatabaseFile,
  writer: Writer,
  table: string,
  touched: Map<string, Set<string>>,
  signal: AbortSignal,
): Promise<void> {
  const copy = quote(COPY_PREFIX + table);
  const from = quote(table);
  const connection = await file.connect();
  const ids = new Set<string>();
  try {
    // Alone for a moment: a batch that is half applied would not tell its ids.
    const layout = await writer.exclusive(async () => {
      touched.set(table, ids);
      return layoutOf(writer, table);
    });
    await interruptible(connection, AbortSignal.any([signal, AbortSignal.timeout(COPY_MS)]), () =>
      connection.run(`create or replace table ${copy} as from ${from} order by workspace, id`),
    );
    await writer.exclusive((writing, transact) =>
      transact(async (meta) => {
        if (layoutOf(writer, table) !== layout) {
          await writing.run(`drop table ${copy}`);
          return meta;
        }
        if (ids.size > 0) {
          const list = [...ids].map(BigInt).join(', ');
          await writing.run(`delete from ${copy} where id in (${list})`);
          await writing.run(`insert into ${copy} from ${from} where id in (${list})`);
        }
        await writing.run(`drop table ${from}`);
        await writing.run(`alter table ${copy} rename to ${from}`);
        return meta;
      }),
    );
  } finally {
    touched.delete(table);
    file.disconnect(connection);
  }
}

const layoutOf = (writer: Writer, table: string) => [...writer.meta().layouts.values()].find((layout) => layout.table === table);
