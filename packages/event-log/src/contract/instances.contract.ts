import { expect, test } from 'vitest';
import type { EventLog } from '../event-log.ts';
import { until } from '../testing/conditions.ts';
import type { CurrentHarness } from '../testing/event-log-harness.ts';
import { changeOf, createLedger } from '../testing/ledger.ts';
import { createTaker } from '../testing/taker.ts';

export function instanceContract(harness: CurrentHarness): void {
  test('E8: each instance gets every event once, and waits for no other', async () => {
    const { eventLog, database, secondInstance } = harness();
    const ledger = createLedger(database, eventLog);
    const other = await secondInstance();
    const [one, two] = [createTaker(), createTaker()];
    const members = [await consume(eventLog, 'one', one), await consume(other, 'two', two)];
    for (let version = 1; version <= 3; version++) await ledger.change([1, 2]);
    await until(() => one.changes.length === 6 && two.changes.length === 6, 'every event at both');
    await members[1]?.close();
    await ledger.change([1]);
    await until(() => one.changes.length === 7, 'a further event at the one that is there');
    const lag = await eventLog.lag();
    expect(lag.map(({ group, instance, members: there }) => [group, instance, there])).toEqual([
      ['group', 'one', 1],
      ['group', 'two', 0],
    ]);
    members[1] = await consume(other, 'two', two);
    await until(() => two.changes.length === 7, 'the same at the one that came back');
    for (const member of members) await member.close();
    expect(two.versions(1)).toEqual([1, 2, 3, 4]);
  });

  test('E8: what stands aside is of an instance, and is listed, replayed and discarded for all of them', async () => {
    const { eventLog, database, secondInstance } = harness();
    const ledger = createLedger(database, eventLog);
    const other = await secondInstance();
    const poisonous = { one: new Set([3, 4]), two: new Set([3]) };
    const one = createTaker({ poison: ({ key }) => poisonous.one.has(key) });
    const two = createTaker({ poison: ({ key }) => poisonous.two.has(key) });
    const members = [await consume(eventLog, 'one', one), await consume(other, 'two', two)];
    await ledger.change([3, 4, 5]);
    await until(() => two.versions(4).length === 1 && one.versions(5).length === 1, 'what is not poison');
    const aside = await eventLog.setAside('group');
    expect(aside.map(({ event, poison, instances }) => [changeOf(event).key, poison, instances])).toEqual([
      [3, true, ['one', 'two']],
      [4, true, ['one']],
    ]);
    expect(await eventLog.setAside('group', { limit: 1, after: aside[0]?.event.position as never })).toEqual([aside[1]]);
    const counted = async (instance: string) =>
      (await eventLog.setAsideCounts('group', instance)).reduce((sum, { events }) => sum + events, 0);
    expect([await counted('one'), await counted('two')]).toEqual([2, 1]);

    poisonous.two.clear();
    expect(await eventLog.replay('group')).toEqual({ succeeded: 1, failed: 2 });
    expect([two.versions(3), one.versions(3)]).toEqual([[1], []]);
    await eventLog.discard('group', aside[1]?.event.position as never);
    expect((await other.setAside('group')).map(({ event, instances }) => [changeOf(event).key, instances])).toEqual([[3, ['one']]]);

    // One that is not there when a replay is asked for does it when it is back.
    await members[0]?.close();
    poisonous.one.clear();
    expect(await other.replay('group')).toEqual({ succeeded: 0, failed: 0 });
    expect(one.versions(3)).toEqual([]);
    members[0] = await consume(eventLog, 'one', one);
    await until(async () => (await other.setAside('group')).length === 0, 'the replay of the one that came back');
    expect(one.versions(3)).toEqual([1]);
    for (const member of members) await member.close();
    await expect(eventLog.replay('group')).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('E8: an event that one instance fails over and that only stands behind another for the next is listed with its error', async () => {
    const { eventLog, database, secondInstance } = harness();
    const ledger = createLedger(database, eventLog);
    const other = await secondInstance();
    const poisonIn = (refused: number) => createTaker({ poison: ({ version }) => version === refused });
    const members = [await consume(eventLog, 'one', poisonIn(2)), await consume(other, 'two', poisonIn(1))];
    for (let version = 1; version <= 2; version++) await ledger.change([3]);
    const aside = () => eventLog.setAside('group');
    await until(async () => (await aside()).map(({ instances }) => instances.length).join() === '1,2', 'what stands aside for both');
    expect((await aside()).map(({ instances, poison, error }) => [instances, poison, error])).toEqual([
      [['two'], true, 'Error: cannot take key 3 version 1'],
      [['one', 'two'], true, 'Error: cannot take key 3 version 2'],
    ]);
    for (const member of members) await member.close();
  });

  test('E8: an instance is known from its first member on', async () => {
    const { eventLog } = harness();
    expect(await eventLog.keepInstance('group', 'one')).toBe(false);
    expect(await eventLog.lag()).toEqual([]);
    await (await consume(eventLog, 'one', createTaker())).close();
    expect(await eventLog.keepInstance('group', 'one')).toBe(true);
    expect(await eventLog.keepInstance('group', 'two')).toBe(false);
    expect(await eventLog.keepInstance('other', 'one')).toBe(false);
  });
}

const consume = (eventLog: EventLog, instance: string, taker: ReturnType<typeof createTaker>) =>
  eventLog.consume('group', taker.handler, { attempts: 1, retryDelay: 1, instance });
