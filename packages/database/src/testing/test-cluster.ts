import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import type { DatabaseRole, PostgresConnection } from '../postgres/connection-settings.ts';

/** How to reach the test run's cluster, per role: plain data, given to test files by Vitest's `provide`. */
export type TestClusterConnections = Readonly<Record<DatabaseRole, PostgresConnection>>;

export interface TestCluster {
  readonly connections: TestClusterConnections;
  stop(): Promise<void>;
}

/** One PostgreSQL for a whole test run, as durable as the product's, in a folder that goes with it. */
export async function startTestCluster(): Promise<TestCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'sophia-test-'));
  const postgres = await startEmbeddedPostgres({ dataDirectory: folder, settings: { max_connections: '300', shared_buffers: '128MB' } });
  return {
    connections: { owner: postgres.connection('owner'), app: postgres.connection('app'), log: postgres.connection('log') },
    async stop() {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
