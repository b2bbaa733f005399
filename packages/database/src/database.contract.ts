import { afterAll, beforeAll, describe } from 'vitest';
import { copyContract } from './contract/copy.contract.ts';
import type { DatabaseHarness } from './contract/database-harness.ts';
import { poolContract } from './contract/pool.contract.ts';
import { replicaContract } from './contract/replica.contract.ts';
import { retryContract } from './contract/retry.contract.ts';
import { sessionContract } from './contract/session.contract.ts';
import { valueContract } from './contract/value.contract.ts';
import { workspaceContract } from './contract/workspace.contract.ts';

/** What every adapter of the database port must do, guarantee by guarantee. D6 is no adapter's: see `migrations.engine.test.ts`. */
export function databaseContract(name: string, createHarness: () => Promise<DatabaseHarness>): void {
  describe(name, () => {
    let harness: DatabaseHarness | undefined;
    beforeAll(async () => {
      harness = await createHarness();
    });
    afterAll(() => harness?.close());
    const current = (): DatabaseHarness => {
      if (harness === undefined) throw new Error('The harness did not start.');
      return harness;
    };
    workspaceContract(current);
    replicaContract(current);
    retryContract(current);
    poolContract(current);
    copyContract(current);
    valueContract(current);
    sessionContract(current);
  });
}
