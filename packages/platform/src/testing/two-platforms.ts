import { startTestCluster } from '@sophia/database/testing';
import { openTestPlatform, type TestPlatform } from './test-platform.ts';

/** Two platforms over one PostgreSQL, as two instances of an installation are. */
export interface TwoPlatforms {
  readonly one: TestPlatform;
  readonly other: TestPlatform;
  close(): Promise<void>;
}

export const openTwoPlatforms = async (): Promise<TwoPlatforms> => {
  const cluster = await startTestCluster();
  const { host, port, user, password, database } = cluster.connections.owner;
  const url = `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
  const env = { SOPHIA_DATABASE: 'postgres', SOPHIA_DATABASE_URL: url };
  const one = await openTestPlatform({ env });
  const other = await openTestPlatform({ env });
  return {
    one,
    other,
    async close() {
      await other.close();
      await one.close();
      await cluster.stop();
    },
  };
};
