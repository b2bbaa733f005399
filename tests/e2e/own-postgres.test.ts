import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPostgresDatabase, type PostgresConnection } from '@sophia/database/postgres';
import { startTestCluster, type TestCluster } from '@sophia/database/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runSophia } from '../fixtures/sophia-command.ts';
import { createKey, type SophiaProcess, startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

const OWNER = 'sophia_of_two';
const PASSWORD = 'p@ss/word?';
const DEALS = 'source_id,name,status,amount,currency,close_date\nD-1,First,won,100.50,USD,2017-06-01\nD-2,Second,won,9.50,USD,2017-06-02\n';

/** A role and a database as docs/reference/configuration.md asks for: no superuser. */
const prepare = async (administrator: PostgresConnection): Promise<void> => {
  const database = await createPostgresDatabase({ connection: administrator, role: 'owner', pool: { minimum: 1, maximum: 1 } });
  const session = await database.openSession();
  // Those that the cluster was made with belong to its superuser.
  const statements = [
    'drop role sophia_app',
    'drop role sophia_log',
    `create role ${OWNER} login createrole bypassrls password '${PASSWORD}'`,
    `create database ${OWNER} owner ${OWNER}`,
  ];
  for (const [index, text] of statements.entries()) await session.query({ name: `prepare_${index}`, text });
  await session.close();
  await database.close();
};

describe('a PostgreSQL of one’s own', () => {
  let cluster: TestCluster;
  let folder: Awaited<ReturnType<typeof temporaryDataFolder>>;
  const running: SophiaProcess[] = [];

  beforeAll(async () => {
    folder = await temporaryDataFolder();
    cluster = await startTestCluster();
    await prepare({ ...cluster.connections.owner, database: 'postgres' });
  });
  afterAll(async () => {
    for (const sophia of running) await sophia.kill('SIGKILL');
    await cluster.stop();
    await folder.remove();
  });

  const dataDirectory = (name: string): string => join(folder.path, name);
  const start = async (name: string): Promise<SophiaProcess> => {
    const { host, port } = cluster.connections.owner;
    const address = host.startsWith('/') ? `localhost:${port}/${OWNER}?host=${encodeURIComponent(host)}` : `${host}:${port}/${OWNER}`;
    const sophia = await startSophia({
      dataDirectory: dataDirectory(name),
      args: ['--no-sample'],
      env: { SOPHIA_DATABASE: 'postgres', SOPHIA_DATABASE_URL: `postgres://${OWNER}:${encodeURIComponent(PASSWORD)}@${address}` },
    });
    running.push(sophia);
    return sophia;
  };
  /** The name by which the log knows the instance of this data folder. */
  const instanceOf = async (name: string): Promise<string> =>
    (await readFile(join(dataDirectory(name), 'warehouse', 'instance'), 'utf8')).trim();
  const ask = async ({ address }: SophiaProcess, key: string, token: string) => {
    const query = encodeURIComponent(JSON.stringify({ metrics: ['revenue', 'deals_won'] }));
    const response = await fetch(`${address}/api/v1/metrics/query?q=${query}`, {
      headers: { authorization: `Bearer ${key}`, 'sophia-after': token },
    });
    const answer = JSON.parse(await response.text());
    expect(response.status, JSON.stringify(answer)).toBe(200);
    return answer.rows;
  };
  const write = async ({ address }: SophiaProcess, key: string, id: string, amount: string): Promise<string> => {
    const response = await fetch(`${address}/api/v1/records/deal?source_system=two`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ source_id: id, name: id, status: 'won', amount, currency: 'USD', close_date: '2017-06-01' }),
    });
    const answer = JSON.parse(await response.text());
    expect(response.status, JSON.stringify(answer)).toBe(200);
    return answer.token;
  };

  it('is imported into and asked, also after a restart and with a new data folder', async () => {
    let sophia = await start('first');
    const key = await createKey(sophia, 'admin');
    const response = await fetch(`${sophia.address}/api/v1/records/deal?source_system=own`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
      body: DEALS,
    });
    const { created, token } = JSON.parse(await response.text());
    expect(created).toBe(2);
    expect(await ask(sophia, key, token)).toEqual([['110.0000', 2]]);
    expect(await sophia.kill()).toBe(0);
    sophia = await start('first');
    expect(await ask(sophia, key, token)).toEqual([['110.0000', 2]]);
    expect((await runSophia(['query', 'revenue', '--csv', '--data-dir', dataDirectory('first')])).out).toBe('revenue\r\n110.0000\r\n');
    await sophia.kill();
    // What a data folder holds beside is made anew from the log.
    sophia = await start('another');
    expect(await ask(sophia, key, token)).toEqual([['110.0000', 2]]);
    await sophia.kill();
  });

  it('lets a command that comes while its Sophia starts wait for it', async () => {
    const starting = start('held');
    await expect
      .poll(() => readdir(join(dataDirectory('held'), 'warehouse')).catch(() => []), { timeout: 60_000 })
      .toContain('warehouse.1.duckdb');
    expect(await runSophia(['keys', 'list', '--data-dir', dataDirectory('held')])).toMatchObject({ code: 0 });
    await (await starting).kill();
  });

  it('that does not answer, or refuses its owner, is told without a stack', async () => {
    const { host, port } = cluster.connections.owner;
    const refused = await startWith(`postgres://${OWNER}:wrong@localhost:${port}/${OWNER}?host=${encodeURIComponent(host)}`);
    expect(refused).toMatch(/cannot be used: password authentication failed.*\n {2}database_error: /);
    expect(await startWith('postgres://nobody@localhost:1/nothing')).toMatch(/cannot be used: connect ECONNREFUSED.*\n {2}unavailable: /);
  });

  /** What a start that fails says. */
  const startWith = async (url: string): Promise<string> => {
    const env = { SOPHIA_DATABASE: 'postgres', SOPHIA_DATABASE_URL: url };
    const started = await startSophia({ dataDirectory: dataDirectory('never'), env }).catch((error: Error) => error);
    expect(started).toBeInstanceOf(Error);
    return started instanceof Error ? started.message : '';
  };

  /** As a superuser in Sophia's own database, in one transaction. */
  const inDatabase = async (
    work: (query: (name: string, text: string, values?: readonly unknown[]) => Promise<unknown>) => Promise<void>,
  ): Promise<void> => {
    const connection = { ...cluster.connections.owner, database: OWNER };
    const database = await createPostgresDatabase({ connection, role: 'owner', pool: { minimum: 1, maximum: 1 } });
    try {
      await database.write([], (transaction) => work((name, text, values = []) => database.query(transaction, { name, text }, values)));
    } finally {
      await database.close();
    }
  };

  it('of two instances: an event that neither could take is in the answers of both when it is replayed through one', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const key = await createKey(one, 'admin');
    const answer = async ({ address }: SophiaProcess) => {
      const query = encodeURIComponent(
        JSON.stringify({ metrics: ['revenue'], filters: [{ field: 'deal.name', operator: 'eq', values: ['aside'] }] }),
      );
      const response = await fetch(`${address}/api/v1/metrics/query?q=${query}`, { headers: { authorization: `Bearer ${key}` } });
      const { rows, freshness } = JSON.parse(await response.text());
      return [rows[0]?.[0], freshness.state, freshness.set_aside];
    };
    const both = async () => [await answer(one), await answer(two)];
    let token = '';
    await inDatabase(async (query) => {
      // The row of its group is what a member holds while it hands a batch over.
      await query('hold', "select from event_group where name like 'warehouse%' for update");
      token = await write(one, key, 'aside', '7');
      // More digits than money has.
      await query('spoil', SET_AMOUNT, ['aside', '1.23456']);
    });
    const incomplete = ['0.0000', 'incomplete', 1];
    await expect.poll(both, { timeout: 60_000 }).toEqual([incomplete, incomplete]);
    const run = (...args: string[]) => runSophia([...args, '--data-dir', dataDirectory('one')]);
    const { events } = JSON.parse((await run('set-aside', 'list', '--json')).out);
    expect(events).toMatchObject([{ record: { source_id: 'aside' }, instances: [expect.any(String), expect.any(String)] }]);
    expect(new Set(events[0].instances).size).toBe(2);

    const { warehouse } = JSON.parse((await run('status', '--json')).out);
    const [here, there] = [await instanceOf('one'), await instanceOf('two')];
    expect(warehouse).toMatchObject({ instance: here, set_aside: 1 });
    const running = { running: true, set_aside: 1 };
    expect(warehouse.instances).toEqual(
      expect.arrayContaining([here, there].map((instance) => expect.objectContaining({ instance, ...running }))),
    );
    expect((await run('status')).out).toMatch(new RegExp(`instance ${there}: .* behind the log, 1 events stand aside`));
    const metrics = async () => (await fetch(`${one.address}/metrics`)).text();
    const asideOf = (instance: string, events: number) => `sophia_log_group_set_aside_events{group="warehouse@${instance}"} ${events}`;
    expect(await metrics()).toContain(asideOf(there, 1));
    expect((await run('set-aside', 'list')).out).toContain(events[0].instances.join(' '));

    await inDatabase(async (query) => void (await query('mend', SET_AMOUNT, ['aside', '7'])));
    expect((await run('set-aside', 'replay')).out).toBe('2 applied, 0 stand aside again\n');
    await expect.poll(both, { timeout: 60_000 }).toEqual([
      ['7.0000', 'complete', undefined],
      ['7.0000', 'complete', undefined],
    ]);

    // One that was away for longer than the log remembers it begins anew.
    await two.kill();
    expect((await run('status')).out).toContain(`instance ${there}: not running, since`);
    expect(await metrics()).toContain(asideOf(here, 0));
    expect(await metrics()).not.toContain(there);
    await inDatabase(
      async (query) => void (await query('forget', 'delete from event_group where name like $1', [`%@${await instanceOf('two')}`])),
    );
    const again = await start('two');
    const rows = await ask(one, key, token);
    await expect.poll(() => ask(again, key, token), { timeout: 60_000 }).toEqual(rows);
    await one.kill();
    await again.kill();
  });

  it('of two instances: what is written in one is in the next answer of the other by its token, also where that was cached', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const key = await createKey(one, 'admin');
    const [[before, deals]] = await ask(one, key, await write(one, key, 'W-0', '1'));
    let revenue = Number(before);
    for (let time = 1; time <= 20; time += 1) {
      const [writer, reader] = time % 2 === 0 ? [one, two] : [two, one];
      const token = await write(writer, key, `W-${time}`, String(time));
      revenue += time;
      expect(await ask(reader, key, token), `time ${time}`).toEqual([[`${revenue}.0000`, deals + time]]);
      expect(await ask(writer, key, token), `time ${time}, where it was written`).toEqual([[`${revenue}.0000`, deals + time]]);
    }
    // One that dies leaves the log to the other, which may be asked too early to have taken it over.
    await one.kill('SIGKILL');
    const token = await write(two, key, 'W-last', '1000');
    await expect.poll(() => ask(two, key, token), { timeout: 60_000 }).toEqual([[`${revenue + 1000}.0000`, deals + 21]]);
    await two.kill();
  });

  it('that goes back while Sophia runs is begun anew: what it lost is in no answer, and what comes is in all', async () => {
    const sophia = await start('back');
    const key = await createKey(sophia, 'admin');
    const [[before, deals]] = await ask(sophia, key, await write(sophia, key, 'B-0', '0'));
    let lost = '';
    await inDatabase(async (query) => {
      const [kept] = (await query('kept', 'select max(tick) as tick, max(ceiling) as ceiling from tick')) as {
        tick: string;
        ceiling: string;
      }[];
      lost = await write(sophia, key, 'B-1', '1000');
      expect(await ask(sophia, key, lost)).toEqual([[`${Number(before) + 1000}.0000`, deals + 1]]);
      // As of a replica that is promoted before it has the write.
      await query('stop', 'lock table tick in exclusive mode');
      await query('events', 'delete from event where position > $1', [kept?.ceiling]);
      await query('records', "delete from record where source_id = 'B-1'");
      await query('ticks', 'delete from tick where tick > $1', [kept?.tick]);
      await query('cut', "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sophia_log'");
    });
    const ready = () => [...sophia.output().matchAll(/Sophia is ready at (\S+)\s/g)].map(([, address]) => address ?? '');
    await expect.poll(() => ready().length, { timeout: 60_000 }).toBe(2);
    expect(sophia.output()).toContain('an older state was restored. Sophia starts anew');
    const again = { ...sophia, address: ready()[1] ?? '' };
    const refused = await fetch(`${again.address}/api/v1/metrics/query?q=${encodeURIComponent('{"metrics":["revenue"]}')}`, {
      headers: { authorization: `Bearer ${key}`, 'sophia-after': lost },
    });
    expect(refused.status).toBe(410);
    expect(await ask(again, key, await write(again, key, 'B-2', '1'))).toEqual([[`${Number(before) + 1}.0000`, deals + 1]]);

    await cluster.stop();
    expect(await sophia.kill()).toBe(0);
    expect(sophia.output()).toContain('\nstopped\n');
  });
});

const SET_AMOUNT = `update event set data = jsonb_set(data, '{amount}', to_jsonb($2::text)) where source_id = $1`;
