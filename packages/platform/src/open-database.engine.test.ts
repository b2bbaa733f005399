import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresConnection } from '@sophia/database/postgres';
import { startTestCluster } from '@sophia/database/testing';
import { createTestObservability } from '@sophia/observability/testing';
import pg from 'pg';
import { expect, it } from 'vitest';
import { openDatabase } from './open-database.ts';

const { logger } = createTestObservability();
const open = (url: string, replicas: readonly string[] = []) =>
  openDatabase({ kind: 'postgres', url, replicas, connections: { minimum: 1, maximum: 1 } }, logger);

const asOwner = async (connection: PostgresConnection, text: string): Promise<void> => {
  const client = new pg.Client({ ...connection });
  await client.connect();
  await client.query(text);
  await client.end();
};

it('replicas are reached as the role that serves requests; a server that refuses the owner is told apart from none', async () => {
  const cluster = await startTestCluster();
  try {
    const { host, port, user, password } = cluster.connections.owner;
    const address = `localhost:${port}/postgres?host=${encodeURIComponent(host)}`;
    const { replicas, connection, renewalOf } = await open(`postgres://${user}:${encodeURIComponent(password)}@${address}`, [
      `postgres://ignored@${address}`,
      'postgres://ignored@[2001:db8::7]:5433/postgres',
    ]);
    expect(replicas).toHaveLength(2);
    expect(await renewalOf('log')?.()).toBe(connection('log').password);
    expect(replicas[1]).toMatchObject({ host: '2001:db8::7', port: 5433 });
    const client = new pg.Client({ ...replicas[0] });
    await client.connect();
    const { rows } = await client.query('select current_user as name');
    await client.end();
    expect(rows).toEqual([{ name: 'sophia_app' }]);
    const nowhere = `postgres://${user}:${encodeURIComponent(password)}@${address.replace('/postgres', '/nowhere')}`;
    await expect(open(nowhere)).rejects.toMatchObject({ code: 'database_error', message: expect.stringContaining('"nowhere"') });
    await asOwner({ ...cluster.connections.owner, database: 'postgres' }, 'create table migration (version text)');
    await expect(open(`postgres://${user}:${encodeURIComponent(password)}@${address}`)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('a table "migration"'),
    });
  } finally {
    await cluster.stop();
  }
});

it('a PostgreSQL of an address without a port is looked for at its usual one, and refused by its address', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-socket-'));
  await expect(open(`postgres://someone:secret@localhost/somewhere?host=${encodeURIComponent(folder)}`)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`someone at ${folder}:5432`),
  });
  await rm(folder, { recursive: true });
});

it('a pooler that takes no settings of a session is refused, with the way out', async () => {
  /** An error as PgBouncer answers it: https://www.postgresql.org/docs/current/protocol-message-formats.html */
  const fields = 'SFATAL\0C08P01\0Munsupported startup parameter: options\0\0';
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + fields.length);
  const pooler = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(Buffer.concat([Buffer.from('E'), length, Buffer.from(fields)])));
  });
  await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
  const { port } = pooler.address() as { port: number };
  await expect(open(`postgres://someone:secret@127.0.0.1:${port}/somewhere`)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringMatching(/^The PostgreSQL at 127\.0\.0\.1:\d+ passes by the settings .* PgBouncer .*: name the server itself/),
  });
  await new Promise((resolve) => pooler.close(resolve));
});

it('an address of IPv6 is one, not a name to look up', async () => {
  await expect(open('postgres://someone:secret@[::1]:1/somewhere')).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.not.stringContaining('['),
  });
});

it('TLS is spoken where the address asks for it', async () => {
  /** What asks a server of PostgreSQL for TLS: https://www.postgresql.org/docs/current/protocol-message-formats.html */
  const SSL_REQUEST = '0000000804d2162f';
  const begun: string[] = [];
  const server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .once('data', (data) => {
        begun.push(data.subarray(0, 8).toString('hex'));
        socket.destroy();
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  for (const mode of ['', '?sslmode=disable', '?sslmode=require']) {
    await expect(open(`postgres://someone:secret@127.0.0.1:${port}/somewhere${mode}`)).rejects.toMatchObject({ code: 'unavailable' });
  }
  expect(begun.map((first) => first === SSL_REQUEST)).toEqual([false, false, true]);
  await new Promise((resolve) => server.close(resolve));
});
