import { beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../database.ts';
import type { DatabaseHarness } from './database-harness.ts';
import { labelsOf, makeThings, type Things, workspace } from './things.ts';

/** D1: row-level security by the workspaces of a transaction. */
export function workspaceContract(harness: () => DatabaseHarness): void {
  describe('D1', () => {
    let app: Database;
    let owner: Database;
    let log: Database;
    let things: Things;

    beforeAll(async () => {
      // One connection: what one transaction leaves behind, the next would see.
      app = await harness().open('app', { pool: { minimum: 1, maximum: 1 } });
      owner = await harness().open('owner');
      log = await harness().open('log');
      things = await makeThings(owner);
      await owner.write([], (transaction) =>
        owner.query(transaction, { name: 'grant_log', text: `grant select on ${things.table} to sophia_log` }),
      );
      await app.write([workspace(1), workspace(2)], async (transaction) => {
        for (const id of [1, 2]) await app.query(transaction, things.insert, [id, `of ${id}`]);
      });
    });

    test('D1: a read sees the rows of its workspaces, and none without one', async () => {
      expect(await labelsOf(app, [1], things)).toEqual(['of 1']);
      expect(await labelsOf(app, [1, 2], things)).toEqual(['of 1', 'of 2']);
      expect(await labelsOf(app, [3], things)).toEqual([]);
      expect(await labelsOf(app, [], things)).toEqual([]);
      const { labels } = things;
      const inTransaction = (id: number) => app.read([workspace(id)], (transaction) => app.query(transaction, labels));
      expect(await inTransaction(2)).toEqual([{ label: 'of 2' }]);
      expect(await app.read([], (transaction) => app.query(transaction, labels))).toEqual([]);
    });

    test('D1: reads that share a round trip see the rows of their own workspaces', async () => {
      const labels = { ...things.labels, name: 'quick_labels', quick: true };
      const read = (ids: number[]) => app.select<{ label: string }>(ids.map(workspace), labels);
      const all = await Promise.all([read([1]), read([2]), read([]), read([1]), read([1, 2])]);
      expect(all.map((rows) => rows.map(({ label }) => label))).toEqual([['of 1'], ['of 2'], [], ['of 1'], ['of 1', 'of 2']]);
    });

    test('D1: rows of another workspace are neither made, nor changed, nor removed', async () => {
      const write = (text: string) => app.write([workspace(1)], (transaction) => app.query(transaction, { name: text.slice(0, 60), text }));
      await expect(write(`insert into ${things.table} (workspace, label) values (2, 'stolen')`)).rejects.toMatchObject({
        code: 'database_error',
        details: { sql_state: '42501' },
      });
      await expect(write(`update ${things.table} set workspace = 2`)).rejects.toMatchObject({ details: { sql_state: '42501' } });
      await write(`update ${things.table} set label = label || '' where workspace = 2`);
      await write(`delete from ${things.table} where workspace = 2`);
      expect(await labelsOf(app, [1, 2], things)).toEqual(['of 1', 'of 2']);
    });

    test('D1: neither a failed nor an ended transaction leaves its workspaces behind', async () => {
      await expect(app.write([workspace(1)], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
      const fails = { name: 'fails_after', text: 'select 1 / $1::int' };
      await expect(app.select([workspace(1)], fails, [0])).rejects.toMatchObject({ code: 'database_error' });
      expect(await labelsOf(app, [], things)).toEqual([]);
      // An empty setting, not a missing one, is what a past transaction leaves.
      const setting = { name: 'setting', text: `select current_setting('sophia.workspaces', true) as setting` };
      expect(await app.write([], (transaction) => app.query(transaction, setting)).then(({ value }) => value)).toEqual([{ setting: '' }]);
    });

    test('D1: the owner is bound by it too, the log is not', async () => {
      expect(await labelsOf(log, [], things)).toEqual(['of 1', 'of 2']);
      const forced = { name: 'forced', text: 'select relrowsecurity, relforcerowsecurity from pg_class where relname = $1' };
      expect(await owner.select([], forced, [things.table])).toEqual([{ relrowsecurity: true, relforcerowsecurity: true }]);
    });

    test('D1: requests are served by a role that can neither pass by it nor turn it off', async () => {
      const flags = {
        name: 'flags',
        text: 'select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication from pg_roles where rolname = current_user',
      };
      const none = { rolsuper: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false };
      expect(await app.select([], flags)).toEqual([{ ...none, rolbypassrls: false }]);
      expect(await log.select([], flags)).toEqual([{ ...none, rolbypassrls: true }]);
      const disable = { name: 'disable', text: `alter table ${things.table} disable row level security` };
      await expect(app.write([], (transaction) => app.query(transaction, disable))).rejects.toMatchObject({
        details: { sql_state: '42501' },
      });
    });

    test('D1: a read sees one moment, and cannot write', async () => {
      const { labels, insert } = things;
      const writer = await harness().open('app');
      const seen = await app.read([workspace(1)], async (transaction) => {
        const before = await app.query(transaction, labels);
        await writer.write([workspace(1)], (other) => writer.query(other, insert, [1, 'meanwhile']));
        return [before, await app.query(transaction, labels)];
      });
      expect(seen[1]).toEqual(seen[0]);
      const write = app.read([workspace(1)], (transaction) => app.query(transaction, insert, [1, 'never']));
      await expect(write).rejects.toMatchObject({ details: { sql_state: '25006' } });
      await expect(app.select([workspace(1)], insert, [1, 'never'])).rejects.toMatchObject({ details: { sql_state: '25006' } });
      await expect(app.select([workspace(1)], { ...insert, name: 'quick_insert', quick: true }, [1, 'never'])).rejects.toMatchObject({
        code: 'database_error',
      });
      expect(await labelsOf(app, [1], things)).not.toContain('never');
    });
  });
}
