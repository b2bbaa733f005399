import type { WorkspaceId } from '@sophia/types';
import type { Database, Statement } from '../database.ts';

export const workspace = (id: number): WorkspaceId => id as WorkspaceId;

/** A table under row-level security, one for each test. */
export interface Things {
  readonly table: string;
  readonly insert: Statement;
  readonly labels: Statement;
}

let made = 0;

/** `owner` makes the table. */
export async function makeThings(owner: Database): Promise<Things> {
  made++;
  const table = `thing_${made}`;
  await owner.write([], async (transaction) => {
    await owner.query(transaction, {
      name: `create_${table}`,
      text: `create table ${table} (id int generated always as identity, workspace int not null, label text unique deferrable initially immediate)`,
    });
    await owner.query(transaction, { name: `protect_${table}`, text: `call sophia_protect('${table}')` });
  });
  return {
    table,
    insert: { name: `insert_${table}`, text: `insert into ${table} (workspace, label) values ($1, $2)` },
    labels: { name: `labels_${table}`, text: `select label from ${table} order by label` },
  };
}

export const labelsOf = async (database: Database, workspaces: readonly number[], { labels }: Things): Promise<string[]> =>
  (await database.select<{ label: string }>(workspaces.map(workspace), labels)).map(({ label }) => label);

/** One row in a transaction of its own. */
export const insertThing = (database: Database, { insert }: Things, label: string, options?: Parameters<Database['write']>[2]) =>
  database.write([workspace(1)], (transaction) => database.query(transaction, insert, [1, label]), options);

/** Inserts a thing; the labels that a read with the token of that write finds, wherever it goes. */
export const labelsAfter = async (database: Database, things: Things, label: string): Promise<readonly string[]> => {
  const { token } = await insertThing(database, things, label);
  const after = { epoch: 'any', ...token };
  const rows = await database.select<{ label: string }>([workspace(1)], things.labels, [], { staleness: 60_000, after });
  return rows.map((row) => row.label);
};
