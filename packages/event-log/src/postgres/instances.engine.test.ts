import type { Database } from '@sophia/database';
import { createTestObservability } from '@sophia/observability/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../testing/conditions.ts';
import { createLedger } from '../testing/ledger.ts';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';
import { createTaker } from '../testing/taker.ts';
import { startHousekeeping } from './housekeeping.ts';
import { FORGET_AFTER_DAYS, forgetInstances } from './instances.ts';

let harness: PostgresHarness;
let owner: Database;
beforeEach(async () => {
  harness = await createPostgresHarness();
  owner = await harness.testDatabase.open('owner');
});
afterEach(() => harness.close());

/** As if so many days had passed for everyone. */
const age = (days: number) =>
  owner.write([], (transaction) =>
    owner.query(transaction, { name: 'test_age', text: 'update event_group set seen_at = seen_at - make_interval(days => $1::int)' }, [
      days,
    ]),
  );
const groups = async () =>
  (await harness.eventLog.lag()).map(({ group, instance }) => (instance === null ? group : `${group} ${instance}`));
const consume = (instance?: string, poison = false) =>
  harness.eventLog.consume('group', createTaker({ poison: () => poison }).handler, { attempts: 1, retryDelay: 1, instance });

test('instances that have had no member for long are forgotten with what stands aside for them, others are not', async () => {
  const { eventLog, database, deliveries } = harness;
  const gone = await consume('gone', true);
  // What members had before there were instances.
  await (await consume()).close();
  await createLedger(database, eventLog).change([1, 2]);
  await until(async () => (await eventLog.setAside('group')).length === 2, 'two events set aside');
  await gone.close();
  const there = await consume('there');
  await (await eventLog.consume('other', createTaker().handler)).close();
  // The log keeps house by itself too: what is left tells, not who removed it.
  await age(FORGET_AFTER_DAYS - 1);
  await forgetInstances(deliveries);
  expect(await groups()).toEqual(['group', 'group gone', 'group there', 'other']);
  await (await consume('late')).close();
  await age(2);
  expect(await eventLog.keepInstance('group', 'late')).toBe(true);
  await forgetInstances(deliveries);
  expect(await groups()).toEqual(['group late', 'group there', 'other']);
  expect(await eventLog.setAside('group')).toEqual([]);
  expect(await eventLog.keepInstance('group', 'gone')).toBe(false);

  // A member is seen, also where it does not ask; whoever comes back begins at the beginning.
  await there.close();
  await forgetInstances(deliveries);
  expect(await groups()).toEqual(['group late', 'group there', 'other']);
  const taken = createTaker();
  const again = await eventLog.consume('group', taken.handler, { instance: 'gone' });
  await until(() => taken.changes.length === 2, 'the events from the beginning');
  await again.close();
});

test('what members have that belong to no instance is never forgotten', async () => {
  await (await consume()).close();
  await age(10 * FORGET_AFTER_DAYS);
  await forgetInstances(harness.deliveries);
  expect(await groups()).toEqual(['group']);
});

test('housekeeping forgets them, and says so', async () => {
  const { logger, lines } = createTestObservability();
  await (await consume('gone')).close();
  await age(FORGET_AFTER_DAYS + 1);
  const housekeeping = startHousekeeping({ log: harness.deliveries, logger, isElected: () => true, retentionDays: 30, intervalMs: 10 });
  await until(async () => (await groups()).length === 0, 'an empty log of groups');
  await housekeeping.close();
  expect([...lines(), ...harness.lines()]).toContainEqual(expect.objectContaining({ level: 'info', group: 'group@gone' }));
});
