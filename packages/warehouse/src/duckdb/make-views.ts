import { viewStatements } from './views.ts';
import type { Writer } from './writer.ts';

/** Makes the views over all tables, unless they are those of the tables as they are; an abort gives up the wait for what is written now. */
export async function makeViews(writer: Writer, signal?: AbortSignal): Promise<void> {
  await writer.exclusive(async (connection, transact) => {
    if (writer.meta().hasViews) return;
    await transact(async (meta) => {
      for (const statement of viewStatements(meta.layouts)) await connection.run(statement);
      await connection.run('insert into sophia.views values (true)');
      return { ...meta, hasViews: true };
    });
  }, signal);
}
