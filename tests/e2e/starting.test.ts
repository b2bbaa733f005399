import { execFile, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm, symlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createPostgresDatabase } from '@sophia/database/postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSophia } from '../fixtures/sophia-command.ts';
import { createKey, type SophiaProcess, startSophia, temporaryDataFolder } from '../fixtures/sophia-process.ts';

let data: Awaited<ReturnType<typeof temporaryDataFolder>>;
let sophia: SophiaProcess | undefined;
beforeAll(async () => {
  data = await temporaryDataFolder();
  sophia = await startSophia({ dataDirectory: data.path });
});
afterAll(async () => {
  await sophia?.kill();
  await data.remove();
});

const revenue = () => runSophia(['query', 'revenue', '--csv', '--data-dir', data.path]);

test('a warehouse that is gone is made anew before the start is ready, and before a command is answered', async () => {
  const whole = await revenue();
  expect(whole).toMatchObject({ code: 0, out: expect.stringContaining('10005534') });
  for (const start of [async () => startSophia({ dataDirectory: data.path }), async () => undefined]) {
    await sophia?.kill();
    await rm(join(data.path, 'warehouse'), { recursive: true });
    sophia = await start();
    expect(await revenue()).toMatchObject({ code: 0, out: whole.out });
  }
});

test('a stop without time for requests cuts off what is in hand, says so and ends', async () => {
  const start = () => startSophia({ dataDirectory: data.path, env: { SOPHIA_SHUTDOWN: '0ms' } });
  await sophia?.kill();
  sophia = await start();
  expect(await sophia.kill('SIGINT')).toBe(0);
  sophia = await start();
  const head = [
    'POST /api/v1/metrics/query HTTP/1.1',
    'host: sophia',
    `authorization: Bearer ${await createKey(sophia, 'admin')}`,
    'content-type: application/json',
    'content-length: 99',
    'expect: 100-continue',
  ];
  const { hostname, port } = new URL(sophia.address);
  const sending = connect(Number(port), hostname).on('error', () => undefined);
  sending.write(`${head.join('\r\n')}\r\n\r\n{`);
  // It is in hand when it is told to go on.
  expect(String((await once(sending, 'data'))[0])).toMatch(/^HTTP\/1.1 100 Continue/);
  expect(await sophia.kill('SIGINT')).toBe(1);
  expect(sophia.output()).toMatch(
    /sophia: Not all ended in time\. .+ api to close\.\n {2}What was acknowledged is kept\. SOPHIA_SHUTDOWN says/,
  );
  sophia = undefined;
});

test('a stop ends although standard output is a full pipe that nobody reads', async () => {
  await sophia?.kill();
  sophia = undefined;
  const path = join(data.path, 'full pipe');
  await promisify(execFile)('mkfifo', [path]);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
  // Up to the last byte.
  for (let bytes = 65_536; bytes >= 1; bytes /= 2) while (await wrote(writer, bytes));
  const stdio: StdioOptions = ['ignore', writer.fd, 'ignore'];
  const server = spawn(process.execPath, [MAIN, 'start', '--port', '0', '--data-dir', data.path], { stdio });
  const ended = once(server, 'exit');
  await expect.poll(() => existsSync(join(data.path, 'run/server.json')), { timeout: 60_000 }).toBe(true);
  server.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  await Promise.all([reader.close(), writer.close()]);
});

test('Ctrl-C while the first data folder is made is answered, and Sophia stops when it has started', async () => {
  const fresh = await temporaryDataFolder();
  const child = spawn(process.execPath, [MAIN, 'start', '--port', '0', '--no-sample', '--data-dir', fresh.path], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = once(child, 'close');
  await expect
    .poll(() => existsSync(join(fresh.path, 'postgres/cluster.unfinished/PG_VERSION')), { timeout: 60_000, interval: 5 })
    .toBe(true);
  // As a terminal does: all of the process group.
  process.kill(-Number(child.pid), 'SIGINT');
  const [code] = await ended;
  expect([code, errors]).toEqual([0, expect.stringMatching(/SIGINT: stops as soon as it has started .*\n(.*\n)*stopped\n$/)]);
  await fresh.remove();
});

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(REPOSITORY, 'apps/sophia/src/main.ts');

const wrote = (pipe: FileHandle, bytes: number): Promise<boolean> =>
  pipe.write(Buffer.alloc(bytes)).then(
    () => true,
    () => false,
  );

test('a data folder of a newer version is refused by a process that ends, and leaves nothing running', async () => {
  await sophia?.kill();
  sophia = await startSophia({ dataDirectory: data.path });
  const { owner: password } = JSON.parse(await readFile(join(data.path, 'postgres/passwords.json'), 'utf8'));
  const connection = { host: join(data.path, 'postgres/socket'), port: 5432, user: 'sophia_owner', password, database: 'sophia' };
  const database = await createPostgresDatabase({ connection, role: 'owner', pool: { minimum: 1, maximum: 1 } });
  const text = `insert into migration (module, number, name, checksum) values ('catalog', 99, 'future', 'x')`;
  const future = { name: 'future', text };
  await database.write([], (transaction) => database.query(transaction, future));
  await database.close();
  await sophia.kill();
  sophia = undefined;
  for (const command of [
    ['start', '--port', '0'],
    ['metrics', 'list'],
  ]) {
    // Twice: what the first left running would hold the folder.
    const refused = await runSophia([...command, '--data-dir', data.path]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('data_newer_than_code') });
  }
});

test('the launcher finds its repository through a link and whatever CDPATH says', async () => {
  await mkdir(data.path, { recursive: true });
  const link = join(data.path, 'link');
  await symlink(join(REPOSITORY, 'sophia'), link);
  const options = { cwd: join(REPOSITORY, '..'), env: { ...process.env, CDPATH: join(REPOSITORY, '..') } };
  for (const launcher of [link, join(basename(REPOSITORY), 'sophia')]) {
    const { stdout } = await promisify(execFile)('bash', [launcher, '--version'], options);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
});
