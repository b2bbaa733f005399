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

  test('a time-out for locks that the database has set for everyone is none of ours', async () => {
    const owner = database.connection('owner');
    await withClient(owner, 'test', (client) => client.query(`alter database ${database.name} set lock_timeout = '1ms'`));
    const app = await database.open('app');
    expect(await app.select([], { name: 'shown', text: 'show lock_timeout' })).toEqual([{ lock_timeout: '0' }]);
    await withClient(owner, 'test', (client) => client.query(`alter database ${database.name} reset lock_timeout`));
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
