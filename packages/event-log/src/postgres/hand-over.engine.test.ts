import { systemSleep } from '@sophia/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';
import { keepAwake } from './hand-over.ts';

let harness: PostgresHarness;
beforeEach(async () => {
  harness = await createPostgresHarness();
});
afterEach(() => harness.close());

const standIdle = async (everyMs: number) => {
  const { deliveries } = harness;
  await deliveries.write(
    [],
    async (transaction) => {
      await deliveries.query(transaction, { name: 'test_limit', text: `set local idle_in_transaction_session_timeout = '1500ms'` });
      const awake = keepAwake(deliveries, transaction, everyMs);
      await systemSleep(3_000);
      awake.end();
    },
    { idempotent: false },
  );
};

test('the transaction of a long handler is not taken for one that was left open', async () => {
  await expect(standIdle(50)).resolves.toBeUndefined();
});

test('one that is not kept awake in time is cut by PostgreSQL', async () => {
  await expect(standIdle(2_500)).rejects.toMatchObject({ code: 'unavailable' });
});
