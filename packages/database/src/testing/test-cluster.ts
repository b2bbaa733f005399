import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import type { DatabaseRole, PostgresConnection } from '../postgres/connection-settings.ts';

/** How to reach the test run's cluster, per role: plain data, given to test files by Vitest's `provide`. */
export type TestClusterConnections = Readonly<Record<DatabaseRole, PostgresConnection>>;

export interface TestCluster {
  readonly connections: TestClusterConnections;
  readonly postgres: EmbeddedPostgres;
  stop(): Promise<void>;
}

export type TestClusterOptions = Pick<EmbeddedPostgresOptions, 'binaries' | 'settings'>;

/** A PostgreSQL for tests, as durable as the product's, in a temporary folder that goes with it. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'sophia-test-'));
  const settings = { max_connections: '300', shared_buffers: '128MB', ...options.settings };
  const postgres = await startEmbeddedPostgres({ ...options, dataDirectory, settings });
  return {
    connections: { owner: postgres.connection('owner'), app: postgres.connection('app'), log: postgres.connection('log') },
    postgres,
    async stop() {
      await postgres.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}
