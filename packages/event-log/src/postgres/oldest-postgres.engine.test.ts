import { access } from 'node:fs/promises';
import { startTestCluster, type TestCluster } from '@sophia/database/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest';
import { appendAndReadContract } from '../contract/append-and-read.contract.ts';
import { positionContract } from '../contract/positions.contract.ts';
import { setAsideContract } from '../contract/set-aside.contract.ts';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';

const folder = '/usr/lib/postgresql/15/bin';
const isInstalled = await access(folder).then(
  () => true,
  () => false,
);

if (isInstalled) {
  // What is said in SQL; that members are killed and followed is the same on every version.
  describe('the event log over the oldest PostgreSQL that is supported', () => {
    let cluster: TestCluster;
    let harness: PostgresHarness;
    beforeAll(async () => {
      cluster = await startTestCluster({ binaries: { initdb: `${folder}/initdb`, postgres: `${folder}/postgres`, majorVersion: '15' } });
    });
    afterAll(() => cluster.stop());
    beforeEach(async () => {
      harness = await createPostgresHarness(cluster.connections);
    });
    afterEach(() => harness.close());
    const current = () => harness;
    appendAndReadContract(current);
    setAsideContract(current);
    positionContract(current);
  });
} else if (process.env.CI === undefined) {
  process.stderr.write(`PostgreSQL 15 is not in ${folder}: the contract of the event log is not run over it.\n`);
} else {
  test('PostgreSQL 15 is installed', () => Promise.reject(new Error(`${folder} is missing.`)));
}
