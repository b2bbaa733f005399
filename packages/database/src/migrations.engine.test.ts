import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadMigrations, type Migration, type MigrationModule, migrate, renewEpoch } from './migrations.ts';
import type { PostgresConnection } from './postgres/connection-settings.ts';
import { createPostgresDatabase } from './postgres/create-postgres-database.ts';
import { withClient } from './postgres/with-client.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

describe('D6', () => {
  let database: TestDatabase;
  let owner: PostgresConnection;
  let folder: string;

  beforeEach(async () => {
    database = await createTestDatabase();
    owner = database.connection('owner');
    folder = await mkdtemp(join(tmpdir(), 'sophia-migrations-'));
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true });
  });
  // One cluster for all tests of this file, also where it runs without the global set-up.
  let keptOpen: TestDatabase;
  beforeAll(async () => {
    keptOpen = await createTestDatabase();
  });
  afterAll(() => keptOpen.close());

  const module: () => MigrationModule = () => ({ module: 'deals', directory: pathToFileURL(`${folder}/`) });
  const file = (name: string, text: string) => writeFile(join(folder, name), text);
  const ask = async <Row extends object>(text: string) => withClient(owner, 'test', async (client) => (await client.query<Row>(text)).rows);

  test('D6: files are applied once, in order of their numbers, and written down', async () => {
    await file('0002_amount.sql', 'alter table deal add column amount numeric;\ninsert into deal values (1, 2.5);');
    await file('0001_deal.sql', 'create table deal (id int);');
    await file('notes.txt', 'no migration');
    expect((await migrate(owner, [module()])).applied).toEqual(['deals/0001_deal', 'deals/0002_amount']);
    expect((await migrate(owner, [module()])).applied).toEqual([]);
    await file('0003_more.sql', 'insert into deal values (2, 3.5);');
    expect((await migrate(owner, [module()])).applied).toEqual(['deals/0003_more']);
    expect(await ask('select amount from deal order by id')).toEqual([{ amount: '2.5' }, { amount: '3.5' }]);
    const journal = await ask(
      `select module, number, name, length(checksum) as checksum, applied_at is not null as applied from migration order by applied_at, number`,
    );
    expect(journal).toEqual([
      { module: 'database', number: 1, name: 'foundation', checksum: 64, applied: true },
      { module: 'database', number: 2, name: 'replication_mark', checksum: 64, applied: true },
      { module: 'database', number: 3, name: 'rights_of_roles', checksum: 64, applied: true },
      { module: 'deals', number: 1, name: 'deal', checksum: 64, applied: true },
      { module: 'deals', number: 2, name: 'amount', checksum: 64, applied: true },
      { module: 'deals', number: 3, name: 'more', checksum: 64, applied: true },
    ]);
  });

  test('D6: a migration that fails leaves nothing of itself, and those before it stay', async () => {
    await file('0001_deal.sql', 'create table deal (id int);');
    await file('0002_broken.sql', 'insert into deal values (1);\nselect 1 / 0;');
    await expect(migrate(owner, [module()])).rejects.toMatchObject({
      code: 'database_error',
      message: expect.stringContaining('deals/0002_broken'),
    });
    expect(await ask('select * from deal')).toEqual([]);
    await file('0002_broken.sql', 'insert into deal values (1);');
    expect((await migrate(owner, [module()])).applied).toEqual(['deals/0002_broken']);
  });

  test('D6: one that cannot run in a transaction says so in its first line', async () => {
    await file('0001_deal.sql', 'create table deal (id int);');
    await file('0002_index.sql', '-- no-transaction\ncreate index concurrently if not exists deal_id on deal (id);');
    expect((await migrate(owner, [module()])).applied).toEqual(['deals/0001_deal', 'deals/0002_index']);
  });

  test('D6: several processes may start at once', async () => {
    await file('0001_deal.sql', 'create table deal (id int);\nselect pg_sleep(0.05);');
    const reports = await Promise.all(Array.from({ length: 4 }, () => migrate(owner, [module()])));
    expect(reports.flatMap(({ applied }) => applied)).toEqual(['deals/0001_deal']);
    expect(new Set(reports.map(({ epoch }) => epoch)).size).toBe(1);
  });

  test('D6: a server that is not there is told so', async () => {
    await expect(migrate({ ...owner, host: '/nowhere' }, [])).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('D6: a database of a later version is refused', async () => {
    await file('0001_deal.sql', 'create table deal (id int);');
    await migrate(owner, [module()]);
    await expect(migrate(owner, [])).rejects.toMatchObject({ code: 'data_newer_than_code', details: { migration: 'deals/0001_deal' } });
  });

  test('D6: a migration that was applied is never edited; other line endings are no edit', async () => {
    await file('0001_deal.sql', 'create table deal (\n  id int\n);\n');
    await migrate(owner, [module()]);
    await file('0001_deal.sql', 'create table deal (\r\n  id int\r\n);\r\n');
    expect((await migrate(owner, [module()])).applied).toEqual([]);
    await file('0001_deal.sql', 'create table deal (id bigint);');
    await expect(migrate(owner, [module()])).rejects.toMatchObject({
      code: 'migration_changed',
      message: expect.stringMatching(/Back the data up with the version of Sophia that ran on it last, and restore/),
      details: { migration: 'deals/0001_deal' },
    });
  });

  test('D6: a text that came in the place of another one with the same outcome is no edit', async () => {
    const text = 'create table deal (id int);\n';
    await file('0001_deal.sql', text);
    await migrate(owner, [module()]);
    const { checksum } = (await loadMigrations([module()]))[0] as Migration;
    await file('0001_deal.sql', `-- was ${checksum}\ncreate table deal (id integer);\n`);
    expect((await migrate(owner, [module()])).applied).toEqual([]);
  });

  test('D6: a migration keeps nobody waiting behind it for a lock that it cannot have, says for whom it waits, and goes on then', async () => {
    await file('0001_deal.sql', 'create table deal (id int);');
    await migrate(owner, [module()]);
    await file('0002_amount.sql', 'insert into deal values (1);\nalter table deal add column amount numeric;');
    await withClient(owner, 'a backup', async (reader) => {
      await reader.query('begin; select count(*) from deal');
      const waited: string[] = [];
      const migrating = migrate(owner, [module()], {
        lockTimeout: 10,
        onWait(message) {
          waited.push(message);
          if (waited.length === 2) void reader.query('commit');
        },
      });
      expect((await migrating).applied).toEqual(['deals/0002_amount']);
      expect(waited[0]).toMatch(
        /^The migration deals\/0002_amount waits for pid \d+ \(\S+, a backup, open for \d+ s\): begin; select count/,
      );
      expect(await ask('select * from deal')).toEqual([{ id: 1, amount: null }]);
    });
  });

  test('D6: a migration that never has its lock is given up, with who has it', async () => {
    await file('0001_deal.sql', 'create table deal (id int);');
    await migrate(owner, [module()]);
    await file('0002_amount.sql', 'alter table deal add column amount numeric;');
    await withClient(owner, 'a backup', async (reader) => {
      await reader.query('begin; select count(*) from deal');
      await expect(migrate(owner, [module()], { lockTimeout: 1, attempts: 2 })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/waits for pid .* a backup, .*: end it, and start again\.$/),
      });
    });
    await file('0002_amount.sql', "do $$ begin raise lock_not_available using message = 'nobody has it'; end $$;");
    await expect(migrate(owner, [module()], { attempts: 1 })).rejects.toThrow('waits for a lock that somebody had');
  });

  test.each([['0002_first.sql'], ['1_deal.sql'], ['0001_Deal.sql']])('D6: %s is no name for a first migration', async (name) => {
    await file(name, 'select 1');
    await expect(migrate(owner, [module()])).rejects.toThrow(`deals/${name} must be called 0001_name.sql`);
  });

  test('an installation has an epoch of its own, until it is renewed', async () => {
    const { epoch } = await migrate(owner, []);
    expect(epoch).toMatch(/^[0-9a-z]{7}$/);
    expect(await ask('select epoch, database_number from installation')).toEqual([{ epoch, database_number: 0 }]);
    const renewed = await renewEpoch(owner);
    expect(renewed).not.toBe(epoch);
    expect((await migrate(owner, [])).epoch).toBe(renewed);
    const other = await createTestDatabase();
    expect((await migrate(other.connection('owner'), [])).epoch).not.toBe(renewed);
    await other.close();
  });

  test('a new database takes the number that it is given', async () => {
    await ask('delete from installation');
    await migrate(owner, [], { databaseNumber: 32_767 });
    expect(await ask('select database_number from installation')).toEqual([{ database_number: 32_767 }]);
  });

  test('the tables of the installation can be read by all roles, changed by none, workspaces made by requests', async () => {
    const [app, log] = [await database.open('app'), await database.open('log')];
    for (const role of [app, log]) {
      expect(await role.select([], { name: 'installation', text: 'select epoch from installation' })).toHaveLength(1);
      const change = role.write([], (transaction) =>
        role.query(transaction, { name: 'forge', text: `update installation set epoch = 'forged'` }),
      );
      await expect(change).rejects.toMatchObject({ details: { sql_state: '42501' } });
    }
    const make = { name: 'make_workspace', text: 'insert into workspace (name) values ($1) returning id, settings' };
    const { value } = await app.write([], (transaction) => app.query(transaction, make, ['main']));
    expect(value).toEqual([{ id: 1, settings: {} }]);
    expect(await log.select([], { name: 'names', text: 'select name from workspace' })).toEqual([{ name: 'main' }]);
  });

  test('the roles need no right that everybody has as PostgreSQL comes', async () => {
    await ask('create database hardened');
    const hardened = { ...owner, database: 'hardened' };
    await withClient(hardened, 'test', (client) =>
      client.query('revoke all on schema public from public; revoke all on database hardened from public'),
    );
    await migrate(hardened, []);
    const app = await createPostgresDatabase({ connection: { ...database.connection('app'), database: 'hardened' }, role: 'app' });
    const { value } = await app.write([], async (transaction) => {
      await app.query(transaction, { name: 'apart', text: 'create temporary table apart ()' });
      return app.query(transaction, { name: 'epoch', text: 'select only_one from installation' });
    });
    expect(value).toEqual([{ only_one: true }]);
    await app.close();
    await ask('drop database hardened with (force)');
  });

  test('a database with tables of others that are called as ours is refused before anything is made in it', async () => {
    await ask('create database shared');
    const shared = { ...owner, database: 'shared' };
    const run = (text: string) => withClient(shared, 'test', (client) => client.query(text));
    await run('create table workspace (); create view deal as select 1 as id; create table of_theirs ()');
    await file('0001_deal.sql', 'create table deal (id int);');
    await expect(migrate(shared, [module()])).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('(deal, workspace): give Sophia a database of its own.'),
    });
    expect((await run(`select to_regclass('migration') as made`)).rows).toEqual([{ made: null }]);
    await run('drop table workspace; drop view deal');
    expect((await migrate(shared, [module()])).applied).toContain('deals/0001_deal');
    await ask('drop database shared with (force)');
  });

  test('rights on a protected table are those that its migration names', async () => {
    await file('0001_fact.sql', `create table fact (workspace int, text text);\ncall sophia_protect('fact', 'select, insert');`);
    await migrate(owner, [module()]);
    const app = await database.open('app');
    const run = (text: string) => app.write([1 as never], (transaction) => app.query(transaction, { name: text.slice(0, 60), text }));
    await run(`insert into fact values (1, 'stays')`);
    for (const text of ['update fact set text = null', 'delete from fact'])
      await expect(run(text)).rejects.toMatchObject({ details: { sql_state: '42501' } });
    const log = await database.open('log');
    await expect(log.select([], { name: 'facts', text: 'select * from fact' })).rejects.toMatchObject({ details: { sql_state: '42501' } });
  });
});
