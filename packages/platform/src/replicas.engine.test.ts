import type { PostgresConnection } from '@sophia/database/postgres';
import { type ReplicatedCluster, startReplicatedCluster, waitUntil } from '@sophia/database/testing';
import type { RecordId } from '@sophia/types';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

let cluster: ReplicatedCluster;
let test: TestPlatform;
let onReplica: pg.Client;
beforeAll(async () => {
  cluster = await startReplicatedCluster();
  const replica = cluster.replica.connection('owner');
  test = await openTestPlatform({
    env: {
      SOPHIA_DATABASE: 'postgres',
      SOPHIA_DATABASE_URL: urlOf(cluster.primary.connection('owner')),
      SOPHIA_DATABASE_REPLICAS: urlOf(replica),
    },
  });
  onReplica = new pg.Client({ ...replica });
  await onReplica.connect();
});
afterAll(async () => {
  await onReplica.end();
  await test.close();
  await cluster.stop();
});

const urlOf = ({ host, port, user, password, database }: PostgresConnection): string =>
  `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;

const target = { recordType: 'deal', sourceSystem: 'test' };
const records = () => test.platform.catalog.records;
const write = async (name: string) => {
  const { id, token } = await records().upsert(test.call, target, { line: 1, source_id: name, fields: { name } });
  return { id: id as RecordId, token };
};
/** Whether a read ends up at the replica: since then one of its connections has last read records so. Of a long statement only the beginning is shown. */
const isAnsweredByReplica = async (how: string, read: () => Promise<unknown>): Promise<boolean> => {
  const { rows: begun } = await onReplica.query<{ at: string }>('select clock_timestamp()::text as at');
  await read();
  const { rows } = await onReplica.query(
    `select from pg_stat_activity
      where application_name = 'sophia-app' and strpos(query, $1) > 0 and query_start > $2::timestamptz`,
    [how, begun[0]?.at],
  );
  return rows.length > 0;
};

describe('reads of records', () => {
  it('go to a replica, by id, by key and in pages, also those that wait at the same moment', async () => {
    const written = await Promise.all(Array.from({ length: 20 }, (_, index) => write(`deal ${index}`)));
    const read = async ({ id, token: after }: { id: RecordId; token: string }) =>
      (await records().get(test.call, 'deal', id, { after })).source_id;
    const readAll = async () => {
      expect(await Promise.all(written.map(read))).toEqual(written.map((_, index) => `deal ${index}`));
    };
    const byKey = () => records().getByKey(test.call, target, 'deal 0', { after: written[0]?.token });
    const page = () => records().list(test.call, 'deal');
    await waitUntil('reads by id go there', () => isAnsweredByReplica('r.id = any', readAll));
    await waitUntil('reads by key go there', () => isAnsweredByReplica('r.source_id = any', byKey));
    await waitUntil('pages come from there', () => isAnsweredByReplica('found from (', page));
  });

  it('contain the write whose token they have, however far the replica is behind', async () => {
    const { id, token: after } = await write('early');
    const read = () => records().get(test.call, 'deal', id, { after });
    await waitUntil('the replica answers', () => isAnsweredByReplica('r.id = any', read));
    await onReplica.query('select pg_wal_replay_pause()');
    const { token } = await write('late');
    const { items } = await records().list(test.call, 'deal', { sourceId: 'late', after: token });
    const byKey = await records().getByKey(test.call, target, 'late', { after: token });
    const byId = await records().get(test.call, 'deal', byKey.id, { after: token });
    expect([items[0]?.source_id, byKey.source_id, byId.source_id]).toEqual(['late', 'late', 'late']);
    await waitUntil('reads without a token go to the primary', async () => {
      const page = await records().list(test.call, 'deal', { sourceId: 'late' });
      return page.items.length === 1;
    });
    await onReplica.query('select pg_wal_replay_resume()');
  });

  it('each see the write just made by its token', async () => {
    for (let count = 0; count < 50; count++) {
      const { id, token } = await write(`own ${count}`);
      expect((await records().get(test.call, 'deal', id, { after: token })).data).toMatchObject({ name: `own ${count}` });
    }
  });
});
