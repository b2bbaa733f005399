import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { identifyProcess, isRunning } from '@sophia/shared';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPostgresDatabase } from '../postgres/create-postgres-database.ts';
import { withClient } from '../postgres/with-client.ts';
import { ensureRoles } from '../roles.ts';
import { waitUntil } from '../testing/wait-until.ts';
import { confinerFor, createConfiner } from './confined-command.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { endLeftovers } from './leftovers.ts';
import { embeddedBinaries } from './postgres-binaries.ts';
import { startServer } from './server-process.ts';

describe('the embedded PostgreSQL', () => {
  let folder: string;
  const running: EmbeddedPostgres[] = [];
  const children: ChildProcess[] = [];
  const SMALL = { shared_buffers: '16MB', max_connections: '20' };
  const start = async (dataDirectory = folder): Promise<EmbeddedPostgres> => {
    const postgres = await startEmbeddedPostgres({ dataDirectory, settings: SMALL });
    running.push(postgres);
    return postgres;
  };
  /** Another process that starts it and does nothing more; tells the server's process. */
  const startElsewhere = async (): Promise<{ readonly child: ChildProcess; readonly pid: number }> => {
    const script = `
      import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded-postgres.ts', import.meta.url).href)};
      const postgres = await startEmbeddedPostgres({ dataDirectory: ${JSON.stringify(folder)}, settings: ${JSON.stringify(SMALL)} });
      console.log(postgres.pid);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    return { child, pid: Number(line) };
  };
  const kill = async (child: ChildProcess) => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const ask = (postgres: EmbeddedPostgres, text: string) =>
    withClient(postgres.connection('owner'), 'test', async (client) => (await client.query(text)).rows);
  /** What is noted of its owners. */
  const notes = async () => {
    const names = (await readdir(folder)).filter((name) => name.startsWith('owner.'));
    return (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')))).join();
  };
  const isGone = async (pid: number) => (await identifyProcess(pid)) === undefined;

  // Started once: what concerns no first start begins with a copy of it.
  let prepared: string;
  beforeAll(async () => {
    prepared = await mkdtemp(join(tmpdir(), 'sophia-prepared-'));
    await (await startEmbeddedPostgres({ dataDirectory: prepared, settings: SMALL })).stop();
  });
  afterAll(() => rm(prepared, { recursive: true, force: true }));
  const usePrepared = () => cp(prepared, folder, { recursive: true });

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'sophia-embedded-')));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((postgres) => postgres.stop()));
    for (const child of children.splice(0)) if (child.exitCode === null && child.signalCode === null) await kill(child);
    // The server of a killed process takes a moment to end.
    await endLeftovers(folder);
    await rm(folder, { recursive: true, force: true });
  });

  test('keeps what was written over stop and start', async () => {
    const first = await start();
    await ask(first, 'create table kept (id int)');
    await ask(first, 'insert into kept values (1)');
    await first.stop();
    await first.closed;
    expect(await isGone(first.pid)).toBe(true);
    const second = await start();
    expect(await ask(second, 'select * from kept')).toEqual([{ id: 1 }]);
  });

  test('loses nothing that was acknowledged, whatever its settings say', async () => {
    await usePrepared();
    const postgres = await startEmbeddedPostgres({
      dataDirectory: folder,
      settings: { ...SMALL, fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
    });
    running.push(postgres);
    const [settings] = await ask(
      postgres,
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, current_setting('full_page_writes') as pages`,
    );
    expect(settings).toEqual({ fsync: 'on', commit: 'on', pages: 'on' });
  });

  test('is reached through its folder alone, by whoever can read its passwords', async () => {
    const postgres = await start();
    const { host, password } = postgres.connection('app');
    expect(host).toBe(join(folder, 'socket'));
    expect(await ask(postgres, `select current_setting('listen_addresses') as addresses`)).toEqual([{ addresses: '' }]);
    const mode = async (name: string) => (await stat(join(folder, name))).mode & 0o777;
    expect([await mode('passwords.json'), await mode('socket'), await mode('cluster')]).toEqual([0o600, 0o700, 0o700]);
    const stranger = { ...postgres.connection('owner'), password };
    await expect(withClient(stranger, 'test', async () => 'in')).rejects.toThrow('password authentication failed');
    expect((await readdir(folder)).toSorted()).toEqual(['cluster', 'owner.1.json', 'passwords.json', 'socket']);
  });

  test('listens on the loopback interface, with passwords, where the path is too long for a socket', async () => {
    const long = join(folder, 'deep'.repeat(20), 'deep'.repeat(20));
    await mkdir(long, { recursive: true });
    const postgres = await start(long);
    expect(postgres.connection('app').host).toBe('127.0.0.1');
    const port = await createPostgresDatabase({ connection: postgres.connection('app'), role: 'app', pool: { minimum: 1, maximum: 1 } });
    const sleep = { name: 'sleep', text: 'select pg_sleep(60)' };
    await expect(port.select([], sleep, [], { deadline: 100 })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const sleeping = `select pid from pg_stat_activity where state = 'active' and query like 'select pg_sleep%'`;
    await waitUntil('the server has stopped', async () => (await ask(postgres, sleeping)).length === 0);
    await port.close();
    expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }]);
    const stranger = { ...postgres.connection('owner'), password: 'guessed' };
    await expect(withClient(stranger, 'test', async () => 'in')).rejects.toThrow('password authentication failed');
  });

  test('a second start on its folder is refused, naming who holds it', async () => {
    await usePrepared();
    await start();
    await expect(startEmbeddedPostgres({ dataDirectory: folder })).rejects.toMatchObject({
      code: 'data_folder_in_use',
      details: { pid: process.pid },
    });
    const { child } = await (async () => {
      await running.splice(0)[0]?.stop();
      return startElsewhere();
    })();
    await expect(startEmbeddedPostgres({ dataDirectory: folder })).rejects.toMatchObject({
      code: 'data_folder_in_use',
      details: { pid: child.pid },
    });
  });

  test('of several that start at once one wins', async () => {
    const outcomes = await Promise.allSettled([start(), start(), start()]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
  });

  test('is started again when it crashes', async () => {
    await usePrepared();
    const postgres = await start();
    await ask(postgres, 'create table kept (id int)');
    for (let round = 0; round < 3; round++) {
      const { pid } = postgres;
      process.kill(pid, 'SIGKILL');
      await waitUntil('it has come back', () => postgres.pid !== pid);
      expect(await ask(postgres, 'select * from kept')).toEqual([]);
    }
  });

  test('is started again when what kept it from starting has passed', async () => {
    await usePrepared();
    const lines: string[] = [];
    const postgres = await startEmbeddedPostgres({ dataDirectory: folder, settings: SMALL, log: (line) => lines.push(line) });
    running.push(postgres);
    const control = join(folder, 'cluster', 'global', 'pg_control');
    const { pid } = postgres;
    await rename(control, `${control}.away`);
    process.kill(pid, 'SIGKILL');
    await waitUntil('it has tried twice', () => lines.filter((line) => line.includes('pg_control')).length >= 2);
    await rename(`${control}.away`, control);
    await waitUntil('it has come back', () => postgres.pid !== pid);
    expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('is stopped also in the moment in which it crashes, and while it cannot start', async () => {
    await usePrepared();
    for (const broken of [false, true]) {
      const postgres = await start();
      const control = join(folder, 'cluster', 'global', 'pg_control');
      if (broken) await rename(control, `${control}.away`);
      process.kill(postgres.pid, 'SIGKILL');
      await postgres.stop();
      expect(await isGone(postgres.pid)).toBe(true);
    }
  });

  test('one that is not ready in time is stopped', async () => {
    await usePrepared();
    const [binaries, confiner] = [await embeddedBinaries(), await createConfiner()];
    const cluster = join(folder, 'cluster');
    const settings = { listen_addresses: '', unix_socket_directories: '' };
    const starting = startServer({ binaries, confiner, cluster, settings, log: () => 'told', readyWithin: 0 });
    await expect(starting).rejects.toMatchObject({
      code: 'embedded_database_failed',
      message: expect.stringContaining('not ready in time'),
    });
    await expect(start()).resolves.toBeDefined();
  });

  test('its roles can be given other passwords', async () => {
    await usePrepared();
    const postgres = await start();
    await ensureRoles(postgres.connection('owner'), { app: 'another', log: 'a third' });
    const [app, log] = [postgres.connection('app'), postgres.connection('log')];
    await expect(withClient(app, 'test', async () => 'in')).rejects.toThrow('password authentication failed');
    expect(await withClient({ ...app, password: 'another' }, 'test', async () => 'in')).toBe('in');
    expect(await withClient({ ...log, password: 'a third' }, 'test', async () => 'in')).toBe('in');
  });

  test('ends with the process that started it, and starts again after it', async () => {
    await usePrepared();
    const { child, pid } = await startElsewhere();
    await kill(child);
    const postgres = await start();
    expect(await isGone(pid)).toBe(true);
    expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('one that its killed process left running is ended first', async () => {
    await usePrepared();
    const { child, pid } = await startElsewhere();
    const server = await identifyProcess(pid);
    // Stopped, it cannot see that its process is gone.
    process.kill(pid, 'SIGSTOP');
    await kill(child);
    if (server === undefined) throw new Error('It did not run.');
    expect(await isRunning(server)).toBe(true);
    const starting = start();
    await waitUntil('the old one is looked at', async () => (await notes()).includes(`${process.pid}`));
    process.kill(pid, 'SIGCONT');
    await starting;
    expect(await isRunning(server)).toBe(false);
  });

  test('lock files that a crash left behind are no hindrance, also when their number is of another process now', async () => {
    await usePrepared();
    const postgres = await start();
    const files = [join(folder, 'cluster', 'postmaster.pid'), join(folder, 'socket', '.s.PGSQL.5432.lock')];
    const locks = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    await running.splice(0)[0]?.stop();
    // Of the same user, and not the one that starts PostgreSQL, which passes over its own parent.
    const { ppid } = process;
    for (const [index, file] of files.entries()) await writeFile(file, String(locks[index]).replace(/^\d+/, String(ppid)));
    const again = await start();
    expect(again.pid).not.toBe(postgres.pid);
    expect(await identifyProcess(ppid)).toBeDefined();
  });

  test('a first start that was cut off is begun anew', async () => {
    await mkdir(join(folder, 'cluster.unfinished', 'base'), { recursive: true });
    await writeFile(join(folder, 'passwords.json.unfinished'), '{');
    await expect(start()).resolves.toBeDefined();
    expect(await readdir(folder)).not.toContain('cluster.unfinished');
  });

  test('a folder of another major version is refused', async () => {
    await usePrepared();
    await writeFile(join(folder, 'cluster', 'PG_VERSION'), '15\n');
    await expect(start()).rejects.toMatchObject({ code: 'data_folder_version', details: { found: '15', expected: '18' } });
  });

  test('a folder whose cluster has lost its version is told with what to do', async () => {
    await usePrepared();
    const file = join(folder, 'cluster', 'PG_VERSION');
    await rm(file);
    await expect(start()).rejects.toMatchObject({
      code: 'data_folder_damaged',
      details: { file },
      message: expect.stringContaining('ENOENT'),
    });
  });

  test('one that cannot start says what its log says, and leaves the folder free', async () => {
    await usePrepared();
    const refused = startEmbeddedPostgres({ dataDirectory: folder, settings: { ...SMALL, shared_buffers: 'much' } });
    await expect(refused).rejects.toMatchObject({ code: 'embedded_database_failed', message: expect.stringContaining('shared_buffers') });
    await expect(start()).resolves.toBeDefined();
  });

  /** A program that ends without a word. */
  const silent = async (ending: string): Promise<string> => {
    const file = join(folder, 'silent.sh');
    await writeFile(file, `#!/bin/sh\n${ending}\n`, { mode: 0o755 });
    return file;
  };
  const AS_WE_ARE = confinerFor('same_user', false);

  test.each([
    ['exit 3', /: it ended with exit code 3 after \d+\.\d s$/],
    ['kill -9 $$', /: it was ended by SIGKILL after \d+\.\d s$/],
    ['echo "no room" >&2; exit 1', /: no room$/],
  ])('a folder that cannot be made says why: %s', async (ending, message) => {
    const broken = { ...(await embeddedBinaries()), initdb: await silent(ending) };
    await expect(startEmbeddedPostgres({ dataDirectory: folder, binaries: broken, confiner: AS_WE_ARE })).rejects.toMatchObject({
      code: 'embedded_database_failed',
      message: expect.stringMatching(message),
    });
  });

  test('a folder that cannot be made says so where the program for it cannot be begun', async () => {
    const broken = { ...(await embeddedBinaries()), initdb: join(folder, 'missing') };
    await expect(startEmbeddedPostgres({ dataDirectory: folder, binaries: broken, confiner: AS_WE_ARE })).rejects.toMatchObject({
      code: 'embedded_database_failed',
      message: expect.stringContaining('ENOENT'),
    });
  });

  test('one that ends at its start without a word says how', async () => {
    await usePrepared();
    const broken = { ...(await embeddedBinaries()), postgres: await silent('kill -9 $$') };
    await expect(startEmbeddedPostgres({ dataDirectory: folder, binaries: broken, confiner: AS_WE_ARE })).rejects.toMatchObject({
      code: 'embedded_database_failed',
      message: 'PostgreSQL did not start: it was ended by SIGKILL',
    });
  });

  test.each(['no json', '{"owner":"a","app":"b"}', 'null'])('passwords that are damaged are told with what to do: %s', async (text) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'passwords.json'), text);
    await expect(start()).rejects.toMatchObject({
      code: 'data_folder_damaged',
      message: expect.stringContaining(`The file ${join(folder, 'passwords.json')} is damaged (`),
    });
  });

  test('its log is told line by line', async () => {
    await usePrepared();
    const lines: string[] = [];
    const postgres = await startEmbeddedPostgres({ dataDirectory: folder, settings: SMALL, log: (line) => lines.push(line) });
    running.push(postgres);
    await ask(postgres, `do $$ begin raise log 'hello from the server'; end $$`);
    await waitUntil('the line has come', () => lines.some((line) => line.includes('hello from the server')));
  });

  test('runs as nobody where root has no user namespaces', async ({ skip }) => {
    const binaries = await embeddedBinaries();
    const nobody = confinerFor('nobody', true);
    const readable = nobody.command('test', ['-x', binaries.postgres]);
    // Not root, or nobody may not read the checkout: then there is no such way on this machine.
    if (process.getuid?.() !== 0 || spawnSync(readable.file, readable.arguments).status !== 0) skip('not as root, or not from here');
    const postgres = await startEmbeddedPostgres({ dataDirectory: folder, settings: SMALL, confiner: nobody });
    running.push(postgres);
    expect(await ask(postgres, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect((await stat(join(folder, 'cluster', 'PG_VERSION'))).uid).toBe(65_534);
    expect((await stat(`/proc/${postgres.pid}`)).uid).toBe(65_534);
  });

  test('of root leaves the folder of another user as it is, and says whose it is', async () => {
    const cluster = join(folder, 'cluster');
    await mkdir(cluster);
    // Who is not root is another user to root.
    const owner = process.getuid?.() || 1_000;
    if (process.getuid?.() === 0) await chown(cluster, owner, owner);
    const ofRoot = startEmbeddedPostgres({ dataDirectory: folder, confiner: confinerFor('user_namespace', true) });
    await expect(ofRoot).rejects.toMatchObject({ code: 'data_folder_not_owned', details: { folder: cluster, owner } });
    expect(await readdir(folder)).toEqual(['cluster']);
  });

  test('its folder may have any name', async () => {
    const odd = join(folder, `with spaces, commas and "quotes"`);
    await cp(prepared, odd, { recursive: true });
    expect(await ask(await start(odd), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('passwords that were lost end the start, and nothing stays running', async () => {
    await usePrepared();
    await rm(join(folder, 'passwords.json'));
    await expect(start()).rejects.toThrow('password authentication failed');
    await expect(access(join(folder, 'cluster', 'postmaster.pid'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a platform that it does not exist for is named', async () => {
    await expect(embeddedBinaries('sunos', 'mips')).rejects.toMatchObject({
      message: expect.stringContaining('@embedded-postgres/sunos-mips'),
    });
  });
});
