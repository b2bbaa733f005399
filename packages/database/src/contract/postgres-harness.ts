import { systemClock } from '@sophia/shared';
import type { Database } from '../database.ts';
import type { PostgresBinaries } from '../embedded/postgres-binaries.ts';
import { createPostgresDatabase } from '../postgres/create-postgres-database.ts';
import { withClient } from '../postgres/with-client.ts';
import { startFaultProxy, type Verdict } from '../testing/fault-proxy.ts';
import { startReplicatedCluster } from '../testing/replicated-cluster.ts';
import { waitUntil } from '../testing/wait-until.ts';
import type { DatabaseHarness } from './database-harness.ts';

/** A primary and a replica of its own, and a way to the primary on which faults are made. */
export async function createPostgresHarness(binaries?: PostgresBinaries): Promise<DatabaseHarness> {
  const cluster = await startReplicatedCluster(binaries);
  const { primary, replica } = cluster;
  const proxy = await startFaultProxy(primary.connection('app'));
  const opened: Database[] = [];
  let elapsed = 0;
  const clock = { now: () => systemClock.now() + elapsed, monotonic: () => systemClock.monotonic() + elapsed };
  let onCommit: Verdict = 'pass';
  // The name of the prepared statement, as it is bound.
  proxy.judge((sent) => (sent.includes('\0sophia_commit\0') ? onCommit : 'pass'));

  return {
    async open(role, { pool, replica: withReplica = false, faulty = false, applicationName } = {}) {
      const direct = primary.connection(role);
      const database = await createPostgresDatabase({
        connection: faulty ? proxy.through(direct) : direct,
        replicas: withReplica ? [replica.connection(role)] : [],
        role,
        pool: { minimum: 1, maximum: 10, ...pool },
        applicationName,
        clock,
      });
      opened.push(database);
      return database;
    },
    elapse(milliseconds) {
      elapsed += milliseconds;
    },
    faults: {
      cut: proxy.cut,
      stall: proxy.stall,
      refuse: proxy.refuse,
      resume: proxy.resume,
      slow: proxy.slow,
      sent: proxy.sent,
      commits(verdict) {
        onCommit = verdict;
      },
      async kill() {
        const before = primary.pid;
        process.kill(before, 'SIGKILL');
        await waitUntil('the server has come back', () => primary.pid !== before);
      },
      async holdReplica(held) {
        await withClient(replica.connection('owner'), 'hold', (client) =>
          client.query(held ? 'select pg_wal_replay_pause()' : 'select pg_wal_replay_resume()'),
        );
      },
      killReplica: () => replica.stop(),
    },
    async close() {
      await Promise.all(opened.map((database) => database.close()));
      await proxy.close();
      await cluster.stop();
    },
  };
}
