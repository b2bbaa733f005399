import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '@sophia/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import { type ReplicatedCluster, startReplicatedCluster, waitUntil } from '../testing/index.ts';
import { ConnectionPool } from './connection-pool.ts';
import { EMBEDDED_POOL } from './create-postgres-database.ts';
import { UNOBSERVED } from './database-observer.ts';
import { openConnection } from './postgres-connection.ts';
import { ReplicaSet } from './replica-set.ts';
import { withClient } from './with-client.ts';

let cluster: ReplicatedCluster;
beforeAll(async () => {
  cluster = await startReplicatedCluster();
});
afterAll(() => cluster.stop());

const ask = async (server: EmbeddedPostgres, text: string): Promise<unknown> =>
  withClient(server.connection('owner'), 'test', async (client) => (await client.query<{ answer: unknown }>(text)).rows[0]?.answer);
const poolOf = (server: EmbeddedPostgres) => {
  const connect = () =>
    openConnection(server.connection('app'), { applicationName: 'test', statementTimeout: 0, idleInTransactionTimeout: 0 });
  return { name: 'test', connect, pool: new ConnectionPool({ ...EMBEDDED_POOL, minimum: 0, maximum: 1 }, connect, systemClock) };
};
/** Those of the servers before: a standby takes no fewer connections than its primary. */
const SETTINGS = { shared_buffers: '64MB', max_connections: '100' };
/** Whether reads, with the token of a write and without, may go to the server after so many looks. */
const answers = async (primary: EmbeddedPostgres, server: EmbeddedPostgres, looks = 5): Promise<boolean> => {
  const { pool } = poolOf(primary);
  const set = new ReplicaSet({ primary: pool, followers: [poolOf(server)], clock: systemClock, observer: UNOBSERVED });
  const after = { epoch: 'any', transactionId: '1', walPosition: String(await ask(primary, 'select pg_current_wal_lsn() as answer')) };
  for (let look = 0; look < looks; look++) await set.measure();
  const isChosen = [{}, { after }].some((options) => set.choose({ staleness: 60_000, ...options }) !== undefined);
  await set.close();
  await pool.close();
  return isChosen;
};
const folderOf = async (server: EmbeddedPostgres) => String(await ask(server, `select current_setting('data_directory') as answer`));
const isFurtherOn = (server: EmbeddedPostgres, place: unknown) =>
  ask(server, `select pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '${place}') > 0 as answer`);

test('a server whose history is another one than the primary’s answers nothing, however far on it is', async () => {
  const { primary: old, replica } = cluster;
  await waitUntil('the replica follows', () => answers(old, replica));
  // What is written from then on is lost to it.
  const itsFolder = await folderOf(replica);
  await replica.stop();
  for (let count = 0; count < 3; count++) {
    await ask(old, `insert into workspace (name) values ('lost ${count}')`);
    await ask(old, 'select pg_switch_wal()');
  }
  const promoted = await startEmbeddedPostgres({ dataDirectory: dirname(itsFolder), settings: SETTINGS });
  const before = old.pid;
  process.kill(before, 'SIGKILL');
  await ask(promoted, 'select pg_promote()');
  const place = await ask(promoted, 'select pg_current_wal_lsn() as answer');

  await waitUntil('the old primary is back by itself', async () => old.pid !== before && (await isFurtherOn(old, place)) === true);
  expect(await answers(promoted, old)).toBe(false);

  const folder = await folderOf(old);
  await old.stop();
  await writeFile(join(folder, 'standby.signal'), '');
  const standby = await startEmbeddedPostgres({ dataDirectory: dirname(folder), settings: SETTINGS });
  expect(await isFurtherOn(standby, place)).toBe(true);
  expect(await answers(promoted, standby)).toBe(false);
  await Promise.all([standby.stop(), promoted.stop()]);
});
