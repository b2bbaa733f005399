import { createPostgresDatabase } from '@sophia/database/postgres';
import { startFaultProxy } from '@sophia/database/testing';
import { createTestObservability } from '@sophia/observability/testing';
import { test } from 'vitest';
import { until } from '../testing/conditions.ts';
import { createLedger } from '../testing/ledger.ts';
import { createPostgresHarness } from '../testing/postgres-harness.ts';
import { createTaker } from '../testing/taker.ts';
import { createPostgresEventLog } from './postgres-event-log.ts';

test('a member whose connections are dropped without a word gives them up long before a handler would be, and goes on', async () => {
  const harness = await createPostgresHarness();
  const connection = harness.testDatabase.connection('log');
  const proxy = await startFaultProxy(connection);
  const log = await createPostgresDatabase({ connection: proxy.through(connection), role: 'log', pool: { minimum: 1, maximum: 2 } });
  const { logger, lines } = createTestObservability();
  const eventLog = await createPostgresEventLog({ app: harness.database, log, logger });
  const ledger = createLedger(harness.database, harness.eventLog);
  const taker = createTaker();
  const member = await eventLog.consume('group', taker.handler, { silence: 200, retryDelay: 1 });
  await ledger.change([1]);
  await until(() => taker.changes.length === 1, 'the first change');
  proxy.stall();
  await ledger.change([1]);
  // What its commit came to is looked for a moment longer, where it was silent in that.
  await until(() => lines().some(({ msg }) => msg === 'a consumer waits for its surroundings'), 'the connection to be given up');
  proxy.resume();
  // PostgreSQL, too, hears of the connections that are gone: one of them may hold the group.
  proxy.cut();
  // The first one is handed over again where its commit was in hand.
  await until(() => taker.versions(1).includes(2), 'the second change');
  await member.close();
  await eventLog.close();
  await log.close();
  await proxy.close();
  await harness.close();
});
