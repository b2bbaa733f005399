import { beforeAll, describe, expect, test } from 'vitest';
import type { Database, ReadOptions } from '../database.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { DatabaseHarness } from './database-harness.ts';
import { insertThing, labelsAfter, labelsOf, makeThings, type Things } from './things.ts';

/** D2: reads that may be stale go to a replica, and never to one that is too old. */
export function replicaContract(harness: () => DatabaseHarness): void {
  describe('D2', () => {
    let app: Database;
    let things: Things;
    const isReplica = { name: 'is_replica', text: 'select pg_is_in_recovery() as replica' };
    const quickIsReplica = { ...isReplica, name: 'quick_is_replica', quick: true };
    const goesToReplica = async (options: ReadOptions, statement = isReplica): Promise<boolean> =>
      (await app.select<{ replica: boolean }>([], statement, [], options))[0]?.replica === true;
    const followed = (staleness: number) => waitUntil('the replica has followed', () => goesToReplica({ staleness }));

    beforeAll(async () => {
      app = await harness().open('app', { replica: true });
      things = await makeThings(await harness().open('owner'));
    });

    test('D2: only a read that may be stale goes to a replica', async () => {
      await followed(5_000);
      expect(await goesToReplica({})).toBe(false);
      expect(await goesToReplica({ staleness: 0 })).toBe(false);
      await waitUntil('a shared round trip goes there too', () => goesToReplica({ staleness: 5_000 }, quickIsReplica));
      const inTransaction = () => app.read([], (transaction) => app.query(transaction, isReplica), { staleness: 5_000 });
      await waitUntil('a transaction goes there too', async () =>
        (await inTransaction()).some((row) => 'replica' in row && row.replica === true),
      );
    });

    test('D2: a read after a write sees it, wherever it goes', async () => {
      for (let count = 0; count < 20; count++) {
        const label = `written ${count}`;
        expect(await labelsAfter(app, things, label)).toContain(label);
      }
    });

    test('D2: a replica that stands still serves only what may be as old as it is', async () => {
      await followed(5_000);
      await harness().faults.holdReplica(true);
      const { token } = await insertThing(app, things, 'not there yet');
      await waitUntil('the replica is known to be behind', async () => !(await goesToReplica({ staleness: 300 })));
      expect(await goesToReplica({ staleness: 60_000 })).toBe(true);
      expect(await goesToReplica({ staleness: 60_000, after: { epoch: 'any', ...token } })).toBe(false);
      expect(await labelsOf(app, [1], things)).toContain('not there yet');
      harness().elapse(60_000);
      expect(await goesToReplica({ staleness: 60_000 })).toBe(false);
      await harness().faults.holdReplica(false);
      await waitUntil('the replica has the write', () => goesToReplica({ staleness: 60_000, after: { epoch: 'any', ...token } }));
    });

    test('D2: a replica that is gone is done without', async () => {
      await followed(60_000);
      await harness().faults.killReplica();
      const answers = await Promise.all([goesToReplica({ staleness: 60_000 }), goesToReplica({ staleness: 60_000 }, quickIsReplica)]);
      expect(answers).toEqual([false, false]);
    });
  });
}
