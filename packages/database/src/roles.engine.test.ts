import { createHmac } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from './migrations.ts';
import type { PostgresConnection } from './postgres/connection-settings.ts';
import { createPostgresDatabase } from './postgres/index.ts';
import { withClient } from './postgres/with-client.ts';
import { prepareRoles, readRolePasswords } from './roles.ts';
import { startTestCluster, type TestCluster } from './testing/index.ts';

let cluster: TestCluster;
let owner: PostgresConnection;
let accessRules: string;
let count = 0;
beforeAll(async () => {
  cluster = await startTestCluster();
  accessRules = String((await ask(cluster.connections.owner, `select current_setting('hba_file') as answer`)).answer);
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  count++;
  await ask(cluster.connections.owner, `create database owned_${count}`);
  owner = { ...cluster.connections.owner, database: `owned_${count}` };
});

const ask = async (connection: PostgresConnection, text: string): Promise<Record<string, unknown>> =>
  withClient(connection, 'test', async (client) => (await client.query(text)).rows[0]);
const loginAs = (user: string, password: string) => ask({ ...owner, user, password }, 'select session_user as answer');
/** What anybody can derive from a password. */
const derivedFrom = (password: string, role: string) =>
  createHmac('sha256', password).update(`sophia ${role} ${owner.database}`).digest('base64url');

test('where the server asks for the owner’s password, those of the roles follow from it, and nothing is kept', async () => {
  const passwords = { app: derivedFrom(owner.password, 'sophia_app'), log: derivedFrom(owner.password, 'sophia_log') };
  expect(await prepareRoles(owner)).toEqual(passwords);
  expect(await loginAs('sophia_log', passwords.log)).toEqual({ answer: 'sophia_log' });
  expect(await ask(owner, `select to_regclass('role_secret') as answer`)).toEqual({ answer: null });
});

test('a password that pg takes from a file is as good as one in the address', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-pgpass-'));
  const before = process.env.PGPASSFILE;
  process.env.PGPASSFILE = join(folder, 'pgpass');
  await writeFile(process.env.PGPASSFILE, `*:*:*:*:${owner.password}\n`, { mode: 0o600 });
  try {
    expect(await prepareRoles({ ...owner, password: '' })).toEqual(await prepareRoles(owner));
  } finally {
    if (before === undefined) delete process.env.PGPASSFILE;
    else process.env.PGPASSFILE = before;
    await rm(folder, { recursive: true });
  }
});

describe('where the server lets the owner in without a password', () => {
  let rules: string;
  beforeEach(async () => {
    rules = await readFile(accessRules, 'utf8');
    await writeFile(accessRules, `local all ${owner.user} trust\n${rules}`);
    await ask(owner, 'select pg_reload_conf()');
    await waitUntilTrusted();
  });
  afterEach(async () => {
    await writeFile(accessRules, rules);
    await ask(owner, 'select pg_reload_conf()');
  });
  const waitUntilTrusted = async () =>
    expect
      .poll(
        () =>
          ask({ ...owner, password: 'no matter' }, 'select 1').then(
            () => true,
            () => false,
          ),
        { timeout: 20_000 },
      )
      .toBe(true);

  test.each(['', 'a password that nobody asks for'])('no password of a role can be derived from "%s"', async (password) => {
    const [role, guessed] = ['sophia_app', derivedFrom(password, 'sophia_app')];
    await ask(owner, `alter role ${role} password '${guessed}'`);
    expect(await loginAs(role, guessed)).toEqual({ answer: role });

    const passwords = await prepareRoles({ ...owner, password });
    await expect(loginAs(role, guessed)).rejects.toMatchObject({ code: '28P01' });
    expect(await loginAs(role, passwords.app)).toEqual({ answer: role });
  });

  test('instances that start at once, and later, also by another way, derive the same ones', async () => {
    const [first, ...others] = await Promise.all([1, 2, 3].map(() => prepareRoles({ ...owner, password: '' })));
    expect(new Set([first?.app, first?.log]).size).toBe(2);
    expect(others).toEqual([first, first]);
    await writeFile(accessRules, rules);
    await ask(owner, 'select pg_reload_conf()');
    await expect
      .poll(
        () =>
          loginAs(owner.user, 'wrong').then(
            () => false,
            () => true,
          ),
        { timeout: 20_000 },
      )
      .toBe(true);
    expect(await prepareRoles(owner)).toEqual(first);
  });

  test('whoever runs by passwords that followed from the owner’s goes on when another instance makes the secret', async () => {
    await migrate(owner, []);
    const derived = derivedFrom(owner.password, 'sophia_app');
    await ask(owner, `alter role sophia_app password '${derived}'`);
    expect(await readRolePasswords(owner)).toBeUndefined();
    const renewPassword = async () => (await readRolePasswords(owner))?.app;
    const connection = { ...owner, user: 'sophia_app', password: derived };
    const database = await createPostgresDatabase({ connection, role: 'app', pool: { minimum: 1, maximum: 2 }, renewPassword });
    try {
      const { app } = await prepareRoles({ ...owner, password: '' });
      expect(app).not.toBe(derived);
      await ask(owner, `select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'sophia_app'`);
      const user = { name: 'test_user', text: 'select current_user::text as name' };
      expect(await database.select([], user)).toEqual([{ name: 'sophia_app' }]);
    } finally {
      await database.close();
    }
  });

  test('a password that is refused, and of which no other is known, is refused', async () => {
    await migrate(owner, []);
    const open = (renewPassword: () => Promise<string | undefined>) =>
      createPostgresDatabase({ connection: { ...owner, user: 'sophia_app', password: 'wrong' }, role: 'app', renewPassword });
    for (const renew of [async () => undefined, async () => 'wrong', () => Promise.reject(new Error('The owner is refused.'))]) {
      await expect(open(renew)).rejects.toThrow(/password authentication failed/);
    }
  });

  test('the secret is read by the owner alone, and one that is gone is made anew', async () => {
    await ask(owner, 'alter default privileges grant all on tables to public');
    const before = await prepareRoles({ ...owner, password: '' });
    expect(await ask(owner, 'select length(secret) as answer from role_secret')).toEqual({ answer: 72 });
    expect(await ask({ ...owner, user: 'sophia_app', password: before.app }, 'select count(*)::int as answer from role_secret')).toEqual({
      answer: 0,
    });
    await ask(owner, 'delete from role_secret');
    const after = await prepareRoles({ ...owner, password: '' });
    expect(after.app).not.toBe(before.app);
    expect(await loginAs('sophia_app', after.app)).toEqual({ answer: 'sophia_app' });
  });
});

describe('what cannot serve is refused before anything is made', () => {
  const refused = async (message: RegExp, connection = owner) => {
    await expect(prepareRoles(connection)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(message),
    });
    expect(await ask(owner, `select to_regclass('role_secret') as answer`)).toEqual({ answer: null });
  };

  test('a database of another encoding, one with a table of the name of ours, one without a schema for them', async () => {
    await ask(owner, `create database latin template template0 encoding 'LATIN1' locale 'C'`);
    await refused(/database latin, has the encoding LATIN1; Sophia needs UTF8/, { ...owner, database: 'latin' });
    await ask(owner, 'create table migration (version text)');
    await refused(/has a table "migration"/);
    await ask(owner, 'drop schema public cascade');
    await refused(/has no schema public/);
  });

  test('a database in which somebody else has put a secret that the passwords would follow from', async () => {
    await withClient(owner, 'test', (client) =>
      client.query(`create role stranger; grant create on schema public to stranger; set role stranger;
        create table role_secret as select 'known to a stranger' as secret`),
    );
    await expect(prepareRoles(owner)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringMatching(/has a table "role_secret" of somebody else, .*: drop it\.$/),
    });
  });

  test('one of Sophia’s own is taken again', async () => {
    await migrate(owner, []);
    expect(await prepareRoles(owner)).toEqual(await prepareRoles(owner));
  });
});
