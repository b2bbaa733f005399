import { renewEpoch } from '@sophia/database/migrations';
import { createTestObservability } from '@sophia/observability/testing';
import type { SophiaError } from '@sophia/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextTick, until } from '../testing/conditions.ts';
import { createLedger } from '../testing/ledger.ts';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';
import { keepHouse } from './housekeeping.ts';
import { createPostgresEventLog, type PostgresEventLog } from './postgres-event-log.ts';

let harness: PostgresHarness;
/** Another process over the same log. */
let watched: PostgresEventLog;
let told: SophiaError[];
beforeEach(async () => {
  harness = await createPostgresHarness();
  told = [];
  watched = await createPostgresEventLog({
    app: harness.database,
    log: harness.deliveries,
    logger: createTestObservability().logger,
    lookMs: 10,
    onWentBack: (error) => told.push(error),
  });
});
afterEach(async () => {
  await watched.close();
  await harness.close();
});

const run = async (...texts: readonly string[]) => {
  const owner = await harness.testDatabase.open('owner');
  await owner.write([], async (transaction) => {
    for (const text of texts) await owner.query(transaction, { name: `test_${text}`.slice(0, 60), text });
  });
  await owner.close();
};

test('a tick is held as long as the log has it, lost where that ends before it or has another one of its number', async () => {
  const { eventLog, database } = harness;
  await createLedger(database, eventLog).change([1]);
  await nextTick(eventLog);
  const { mark, tick } = await eventLog.read(null);
  // The newest tick is never pruned.
  await nextTick(eventLog);
  expect(await eventLog.stateOf(mark)).toBe('held');
  // As many transactions, and a clock that stood still: what else a tick says differs.
  await run(`update tick set ceiling = ceiling + 1 where tick = ${tick}`);
  expect(await eventLog.stateOf(mark)).toBe('lost');
  await run(`delete from tick where tick = ${tick}`);
  expect(await eventLog.stateOf(mark)).toBe('pruned');
  expect(await eventLog.stateOf(mark.replace(/^\d+/, '999999999'))).toBe('lost');
});

test('a process is told when the database is no longer the one that it read, and makes no tick of it', async () => {
  await nextTick(watched);
  expect(told).toEqual([]);
  // Whoever makes a tick meanwhile waits.
  await run('lock table tick in exclusive mode', "update tick set at = at - interval '1 microsecond' where tick > 0");
  await until(() => told.length > 0, 'the process to look');
  const found = told.length;
  expect(told[0]).toMatchObject({ code: 'log_went_back' });
  await harness.cutConnections();
  await until(() => told.length > found + 1, 'the process to look again over another connection');
});

test('a process is told when another one renewed the epoch', async () => {
  const owner = harness.testDatabase.connection('owner');
  await renewEpoch(owner, 'another');
  await nextTick(watched);
  expect(told).toEqual([]);
  await renewEpoch(owner);
  await until(() => told.length > 0, 'the process to look');
});

test('a tick without events stays while a group stands at it', async () => {
  const { eventLog, deliveries } = harness;
  const marks: string[] = [];
  const member = await eventLog.consume('group', async ({ mark }) => void marks.push(mark));
  await nextTick(eventLog);
  await until(() => marks.length > 0, 'a tick to be handed over');
  await member.close();
  const head = (await eventLog.head()).tick;
  await until(async () => (await eventLog.head()).tick > head + 1, 'further ticks');
  await keepHouse(deliveries, 30, 0);
  expect(await eventLog.stateOf(marks.at(-1) ?? '')).toBe('held');
});
