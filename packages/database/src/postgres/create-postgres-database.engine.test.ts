import { createTestObservability } from '@sophia/observability/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, startFaultProxy, type TestDatabase, waitUntil } from '../testing/index.ts';
import { createDatabaseObservers, createPostgresDatabase } from './index.ts';
import { withClient } from './with-client.ts';

describe('connecting', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  test('a role that passes by row-level security serves no requests, one that is bound by it reads no log', async () => {
    const asRequests = createPostgresDatabase({ connection: database.connection('log'), role: 'app' });
    await expect(asRequests).rejects.toMatchObject({ code: 'invalid_configuration', details: { role: 'sophia_log', bypassrls: true } });
    const asLog = createPostgresDatabase({ connection: database.connection('app'), role: 'log' });
    await expect(asLog).rejects.toMatchObject({ code: 'invalid_configuration', details: { role: 'sophia_app', bypassrls: false } });
    const asAnything = createPostgresDatabase({ connection: database.connection('owner'), role: 'app' });
    await expect(asAnything).rejects.toMatchObject({ code: 'invalid_configuration', details: { superuser: true } });
  });

  test('a server that is not there, or does not let us in, is told at once', async () => {
    const connection = database.connection('app');
    await expect(createPostgresDatabase({ connection: { ...connection, host: '/nowhere' }, role: 'app' })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const refused = createPostgresDatabase({ connection: { ...connection, password: 'wrong' }, role: 'app' });
    await expect(refused).rejects.toMatchObject({ code: 'database_error', details: { sql_state: '28P01' } });
  });

  test('what the database has set for everyone is none of ours', async () => {
    const owner = database.connection('owner');
    const theirs = {
      lock_timeout: '1ms',
      statement_timeout: '1ms',
      idle_in_transaction_session_timeout: '1ms',
      idle_session_timeout: '1h',
      transaction_timeout: '1h',
      bytea_output: 'escape',
      IntervalStyle: 'iso_8601',
      DateStyle: 'German, DMY',
      TimeZone: 'Asia/Kolkata',
      extra_float_digits: '-15',
      array_nulls: 'off',
      transform_null_equals: 'on',
      standard_conforming_strings: 'off',
      search_path: '"$user", nowhere, public',
      row_security: 'off',
      default_transaction_read_only: 'on',
      default_transaction_isolation: 'serializable',
      synchronous_commit: 'off',
    };
    const text = Object.entries(theirs).map(
      ([name, value]) => `alter database ${database.name} set ${name} = ${name === 'search_path' ? value : `'${value}'`};`,
    );
    await withClient(owner, 'test', (client) =>
      client.query(`${text.join(' ')} create schema sophia_app; create table sophia_app.installation ()`),
    );
    const app = await database.open('app');
    const values = {
      name: 'values',
      text: `select '\\x00ff'::bytea as bytes, interval '1 month 2 days' as span, date '2017-03-01' as day, 0.1::float8 + 0.2::float8 as sum,
        '{null}'::text[] as nulls, (null = null) is null as unknown, 'a\\b' as text, epoch <> '' as ours from installation`,
    };
    expect(await app.select([], values)).toEqual([
      {
        bytes: Buffer.from('00ff', 'hex'),
        span: '1 mon 2 days',
        day: '2017-03-01',
        sum: 0.1 + 0.2,
        nulls: [null],
        unknown: true,
        text: 'a\\b',
        ours: true,
      },
    ]);
    const shown = {
      name: 'shown',
      text: `select name, setting from pg_settings where name = any ($1::text[]) and name not in ('search_path', 'DateStyle')`,
    };
    const settings = async (connected: typeof app) =>
      Object.fromEntries(
        (await connected.select<{ name: string; setting: string }>([], shown, [Object.keys(theirs)])).map(({ name, setting }) => [
          name,
          setting,
        ]),
      );
    expect(await settings(app)).toMatchObject({
      lock_timeout: '0',
      statement_timeout: '60000',
      idle_in_transaction_session_timeout: '30000',
      idle_session_timeout: '0',
      row_security: 'on',
      synchronous_commit: 'local',
    });
    await withClient(owner, 'test', async (client) => {
      const { rows } = await client.query(
        `select name, setting from pg_settings where name like '%timeout' and name = any ($1::text[]) and setting <> '0'`,
        [Object.keys(theirs)],
      );
      expect(rows).toEqual([]);
      await client.query(`alter database ${database.name} reset all; drop schema sophia_app cascade`);
    });
  });

  test('a password that changed meanwhile fails callers at once, not at their deadline', async () => {
    const connection = database.connection('owner');
    const asOwner = (text: string) => withClient(connection, 'test', (client) => client.query(text));
    await asOwner(`create role changing login password 'before'`);
    const changing = await createPostgresDatabase({
      connection: { ...connection, user: 'changing', password: 'before' },
      role: 'app',
      pool: { minimum: 0, maximum: 1, recycleAfterQueries: 1 },
    });
    const one = { name: 'one', text: 'select 1 as one' };
    expect(await changing.select([], one)).toEqual([{ one: 1 }]);
    await asOwner(`alter role changing password 'after'`);
    await expect(changing.select([], one, [], { deadline: 60_000 })).rejects.toMatchObject({ code: 'unavailable' });
    await asOwner(`alter role changing password 'before'`);
    await waitUntil('it is let in again', () =>
      changing.select([], one).then(
        () => true,
        () => false,
      ),
    );
    await changing.close();
    await asOwner('drop role changing');
  });

  test('while the server is away callers fail at once, and a closed pool stays closed', async () => {
    const proxy = await startFaultProxy(database.connection('app'));
    const away = await createPostgresDatabase({
      connection: proxy.through(database.connection('app')),
      role: 'app',
      pool: { minimum: 2, maximum: 2, failFastAfterMs: 0 },
    });
    await proxy.close();
    const one = { name: 'one', text: 'select 1 as one' };
    await waitUntil('it is known to be away', () =>
      away.select([], one, [], { deadline: 60_000 }).then(
        () => false,
        () => true,
      ),
    );
    const quick = away.select([], { ...one, name: 'quick_one', quick: true }, [], { deadline: 60_000 });
    await expect(quick).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 });
    await expect(away.write([], (transaction) => away.query(transaction, one))).rejects.toMatchObject({ code: 'unavailable' });
    await away.close();
    await expect(away.select([], one)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a call that is given up before it begins does nothing', async () => {
    const app = await database.open('app');
    const signal = AbortSignal.abort(new Error('gave up'));
    const one = { name: 'one', text: 'select 1 as one' };
    for (const call of [
      app.select([], one, [], { signal }),
      app.select([], { ...one, name: 'quick_one', quick: true }, [], { signal }),
      app.read([], (transaction) => app.query(transaction, one), { signal }),
      app.write([], (transaction) => app.query(transaction, one), { signal }),
    ]) {
      await expect(call).rejects.toThrow('gave up');
    }
    const reasonless = app.select([], one, [], { signal: AbortSignal.abort('a text') });
    await expect(reasonless).rejects.toBe('a text');
  });
});

describe('what operators see', () => {
  test('pools, waits, round trips, retries, the oldest writer, and slow statements', async () => {
    const database = await createTestDatabase();
    const observability = createTestObservability({ slowQueryMilliseconds: 500, traces: true });
    const observers = createDatabaseObservers(observability);
    const app = await database.open('app', { observers });
    const log = await database.open('log', { observers, replicas: [database.connection('log')] });
    const sleep = { name: 'sleep', text: 'select pg_sleep(1)' };
    await app.select([], sleep);
    await log.select([], { name: 'one', text: 'select 1' });
    let attempts = 0;
    const inWork = await app.write([], async (transaction) => {
      attempts++;
      const text = `do $$ begin raise exception 'again' using errcode = '40001'; end $$`;
      if (attempts === 1) await app.query(transaction, { name: 'again', text });
      return observability.metrics.render();
    });
    expect(observability.slowQueries.list().map(({ text }) => text)).toEqual(['select pg_sleep(?)']);
    const metrics = `${inWork.value}\n${await observability.metrics.render()}`;
    expect(metrics).toContain('sophia_database_connections{role="app"}');
    expect(metrics).toContain('sophia_database_idle_connections{role="log"}');
    expect(metrics).toContain('sophia_database_waiting_callers{role="app"} 0');
    expect(metrics).toMatch(/sophia_database_round_trip_seconds_count\{role="app"\} [1-9]/);
    expect(metrics).toMatch(/sophia_database_wait_seconds_count\{role="app"\} [1-9]/);
    expect(metrics).toContain('sophia_database_retries_total{role="app",reason="conflict"} 1');
    expect(metrics).toMatch(/sophia_database_oldest_writer_seconds\{role="app"\} 0\.\d+/);
    expect(metrics).toContain('sophia_database_oldest_writer_seconds{role="app"} 0\n');
    expect(metrics).toContain('sophia_database_replica_lag_seconds{replica=');
    const proxy = await startFaultProxy(database.connection('log'));
    const cut = await database.open('log', { observers, connection: proxy.through(database.connection('log')) });
    proxy.judge((sent) => (sent.includes('\0sophia_commit\0') ? 'lose_answer' : 'pass'));
    await cut.write([], (transaction) => cut.query(transaction, { name: 'one', text: 'select 1' }));
    expect(await observability.metrics.render()).toContain('sophia_database_settled_commits_total{role="log",state="committed"} 1');
    await cut.close();
    await proxy.close();
    const names = observability.spans().map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(['postgresql sleep', 'postgresql one', 'postgresql again', 'postgresql write']);
    await database.close();
    await observability.close();
  });
});
