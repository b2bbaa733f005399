import { systemClock } from '@sophia/shared';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { labelsAfter, makeThings, type Things } from '../contract/things.ts';
import type { Database } from '../database.ts';
import { type ReplicatedCluster, startFaultProxy, startReplicatedCluster, waitUntil } from '../testing/index.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { PostgresConnection } from './connection-settings.ts';
import { createPostgresDatabase, EMBEDDED_POOL } from './create-postgres-database.ts';
import { UNOBSERVED } from './database-observer.ts';
import { openConnection } from './postgres-connection.ts';
import { connectionsOfRun } from './read-server.ts';
import { ReplicaSet } from './replica-set.ts';
import { withClient } from './with-client.ts';

let cluster: ReplicatedCluster;
let things: Things;
beforeAll(async () => {
  cluster = await startReplicatedCluster();
  const owner = await createPostgresDatabase({ connection: cluster.primary.connection('owner'), role: 'owner' });
  things = await makeThings(owner);
  await owner.close();
});
afterAll(() => cluster.stop());

const open = (replica = cluster.replica.connection('app')): Promise<Database> =>
  createPostgresDatabase({
    connection: cluster.primary.connection('app'),
    replicas: [replica],
    role: 'app',
    pool: { minimum: 1, maximum: 4 },
  });
const OPTIONS = { applicationName: 'test', statementTimeout: 0, idleInTransactionTimeout: 0 };
const isReplica = { name: 'is_replica', text: 'select pg_is_in_recovery() as replica' };
const quickIsReplica = { ...isReplica, name: 'quick_is_replica', quick: true };
const goesToReplica = async (app: Database, statement = isReplica): Promise<boolean> =>
  (await app.select<{ replica: boolean }>([], statement, [], { staleness: 1_000 }))[0]?.replica === true;
const reaches = (app: Database) => waitUntil('the replica answers', () => goesToReplica(app));

test('a replica that crashes and comes back where it was before never answers without the write that a read asks for', async () => {
  const app = await open();
  await reaches(app);
  const before = cluster.replica.pid;
  process.kill(before, 'SIGKILL');
  for (let count = 0, isBack = false; !isBack; count++) {
    const label = `written ${count}`;
    expect(await labelsAfter(app, things, label)).toContain(label);
    isBack = cluster.replica.pid !== before && (await goesToReplica(app));
  }
  await app.close();
});

test('what is known of one run of a server gives nobody a connection to another', async () => {
  const connect = () => openConnection(cluster.replica.connection('app'), OPTIONS);
  const pool = new ConnectionPool({ ...EMBEDDED_POOL, minimum: 0, maximum: 1 }, connect, systemClock);
  const first = await pool.acquire(10_000);
  const { incarnation } = first;
  pool.release(first);
  let others = 0;
  const onAnother = () => void others++;
  const known = connectionsOfRun(pool, incarnation, onAnother);
  const again = await known.acquire(10_000);
  expect([again, others]).toEqual([first, 0]);
  known.release(again);
  await expect(connectionsOfRun(pool, 'another', onAnother).acquire(10_000)).rejects.toMatchObject({ code: 'unavailable' });
  expect([first.isClosed, others]).toEqual([true, 1]);
  known.release(await known.acquire(10_000));
  await pool.close();
});

const follows = async (set: ReplicaSet): Promise<boolean> => {
  await set.measure();
  return set.choose({ staleness: 60_000 }) !== undefined;
};

const at = (connection: PostgresConnection) => {
  const connect = () => openConnection(connection, OPTIONS);
  const pool = new ConnectionPool({ ...EMBEDDED_POOL, minimum: 0, maximum: 1, failFastAfterMs: 0 }, connect, systemClock);
  return { name: connection.host, pool, connect };
};

test('a replica that only seems to have begun anew, since its statistics have, is looked at anew', async () => {
  const primary = at(cluster.primary.connection('app')).pool;
  const set = new ReplicaSet({ primary, followers: [at(cluster.replica.connection('app'))], clock: systemClock, observer: UNOBSERVED });
  const chosen = async () => {
    await waitUntil('it is known to have all', () => follows(set));
    return set.choose({ staleness: 60_000 })?.pool;
  };
  const before = await chosen();
  await withClient(cluster.replica.connection('owner'), 'test', (client) => client.query(`select pg_stat_reset_shared('wal')`));
  await expect(before?.acquire(10_000)).rejects.toMatchObject({ code: 'unavailable' });
  const after = await chosen();
  const connection = await after?.acquire(10_000);
  expect(connection?.isIdle).toBe(true);
  if (connection !== undefined) after?.release(connection);
  await set.close();
  await primary.close();
});

test('a server that is not there, or follows nobody, answers nothing', async () => {
  const primary = cluster.primary.connection('app');
  const nowhere = { ...primary, host: '/nowhere' };
  const chosenOf = async (first: PostgresConnection, follower: PostgresConnection) => {
    const { pool } = at(first);
    const set = new ReplicaSet({ primary: pool, followers: [at(follower)], clock: systemClock, observer: UNOBSERVED });
    await set.measure();
    await set.measure();
    const chosen = set.choose({ staleness: 60_000 });
    await set.close();
    await pool.close();
    return chosen;
  };
  expect(await chosenOf(primary, nowhere)).toBeUndefined();
  expect(await chosenOf(primary, primary)).toBeUndefined();
  expect(await chosenOf(nowhere, cluster.replica.connection('app'))).toBeUndefined();
  expect(await chosenOf(cluster.replica.connection('app'), cluster.replica.connection('app'))).toBeUndefined();
});

test('of another primary nothing is known, also by what was asked of the one before', async () => {
  const primary = at(cluster.primary.connection('app')).pool;
  const set = new ReplicaSet({ primary, followers: [at(cluster.replica.connection('app'))], clock: systemClock, observer: UNOBSERVED });
  set.connectedTo('one');
  await waitUntil('the replica follows', () => follows(set));
  set.connectedTo('one');
  expect(set.choose({ staleness: 60_000 })).toBeDefined();
  const measuring = set.measure();
  set.connectedTo('another');
  expect(set.choose({ staleness: 60_000 })).toBeUndefined();
  await measuring;
  expect(set.choose({ staleness: 60_000 })).toBeUndefined();
  await waitUntil('the replica follows', () => follows(set));
  await set.close();
  await primary.close();
});

test('reads that wait for a replica that does not answer are the primary’s in the end, long before their deadline', async () => {
  const proxy = await startFaultProxy(cluster.replica.connection('app'));
  const app = await open(proxy.through(cluster.replica.connection('app')));
  await reaches(app);
  proxy.stall();
  const reads = [isReplica, quickIsReplica].map(async (statement) =>
    app.select([], statement, [], { staleness: 1_000, deadline: 600_000 }),
  );
  expect(await Promise.all(reads)).toEqual([[{ replica: false }], [{ replica: false }]]);
  proxy.resume();
  await reaches(app);
  await app.close();
  await proxy.close();
});
