import { createGate } from '@sophia/shared/testing';
import type { Position } from '@sophia/types';
import { expect, test } from 'vitest';
import type { EventLog, Handler, MicroBatch } from '../event-log.ts';
import { nextTick, until } from '../testing/conditions.ts';
import type { CurrentHarness } from '../testing/event-log-harness.ts';
import { type Change, changeOf, createLedger, eventOf, WORKSPACE } from '../testing/ledger.ts';
import { createTaker } from '../testing/taker.ts';

export function setAsideContract(harness: CurrentHarness): void {
  test('E5: a poison event is set aside with the later events of its key behind it, and the rest go on', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const taken = createTaker({ poison: ({ key, version }) => key === 3 && version === 2 });
    for (let version = 1; version <= 4; version++) await ledger.change([1, 2, 3, 4, 5]);
    const member = await eventLog.consume('group', taken.handler, QUICKLY);
    await until(() => taken.changes.length === 17, 'the other events');
    await ledger.change([3, 4]);
    await until(() => taken.changes.length === 18, 'a later event of another key');

    expect(taken.versions(3)).toEqual([1]);
    expect(taken.versions(4)).toEqual([1, 2, 3, 4, 5]);
    const aside = await eventLog.setAside('group');
    expect(aside.map(({ event, poison, attempts }) => [changeOf(event).version, poison, attempts])).toEqual([
      [2, true, 3],
      [3, false, 0],
      [4, false, 0],
      [5, false, 0],
    ]);
    expect(aside[0]).toMatchObject({ group: 'group', error: 'Error: cannot take key 3 version 2' });
    expect(await eventLog.setAside('group', { limit: 1, after: aside[0]?.event.position as Position })).toEqual([aside[1]]);
    expect((await eventLog.lag())[0]).toMatchObject({ setAside: 4 });
    await member.close();
  });

  test('E5: replay hands the set-aside events over again, in order', async () => {
    const { eventLog, database, secondInstance } = harness();
    const ledger = createLedger(database, eventLog);
    let poisonous = new Set([3, 6]);
    const taken = createTaker({ poison: ({ key, version }) => poisonous.has(key) && version === 1 });
    const member = await eventLog.consume('group', taken.handler, QUICKLY);
    for (let version = 1; version <= 3; version++) await ledger.change([3, 4, 6]);
    await until(async () => (await eventLog.setAside('group')).length === 6, 'six events set aside');

    poisonous = new Set([6]);
    // Also when another process asks for it.
    const other = await secondInstance();
    expect(await other.replay('group')).toEqual({ succeeded: 3, failed: 3 });
    expect(taken.versions(3)).toEqual([1, 2, 3]);
    expect(taken.replayed).toBe(true);
    const aside = await eventLog.setAside('group');
    expect(aside.map(({ event, attempts, poison }) => [changeOf(event).version, poison, attempts])).toEqual([
      [1, true, 4],
      [2, false, 0],
      [3, false, 0],
    ]);

    await ledger.change([3, 6]);
    await until(() => taken.versions(3).length === 4, 'a key that flows again');
    poisonous = new Set();
    await until(async () => (await eventLog.setAside('group')).length === 4, 'the later event behind the others');
    expect(await eventLog.replay('group')).toEqual({ succeeded: 4, failed: 0 });
    expect(taken.versions(6)).toEqual([1, 2, 3, 4]);
    expect(await eventLog.replay('group')).toEqual({ succeeded: 0, failed: 0 });
    await ledger.change([6]);
    await until(() => taken.versions(6).length === 5, 'the other key that flows again');
    await member.close();
    await expect(eventLog.replay('group')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(eventLog.replay('nobody')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('E5: an event that fails again keeps those of its key behind it, however many they are', async () => {
    const { eventLog, database } = harness();
    const versions = Array.from({ length: 1_100 }, (_, index) => ({ key: 3, version: index + 1 }));
    const taken = createTaker({ poison: ({ key, version }) => key === 3 && version === 1 });
    const member = await eventLog.consume('group', taken.handler, QUICKLY);
    await database.write([WORKSPACE], (transaction) =>
      eventLog.append(
        transaction,
        versions.map((change) => eventOf(change)),
      ),
    );
    await until(async () => (await eventLog.lag())[0]?.setAside === versions.length, 'all of them set aside');
    expect(await eventLog.replay('group')).toEqual({ succeeded: 0, failed: versions.length });
    expect(taken.changes).toEqual([]);
    await member.close();
  });

  test('E5: a replay that meets an error of the environment goes on when it is over', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    let poisonous = true;
    let failures = 3;
    const taken = createTaker({ poison: () => poisonous });
    const handler: Handler = async (batch, delivery) => {
      if (delivery.replay && failures-- > 0) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
      await taken.handler(batch, delivery);
    };
    const member = await eventLog.consume('group', handler, QUICKLY);
    await ledger.change([1, 2]);
    await until(async () => (await eventLog.setAside('group')).length === 2, 'two events set aside');
    poisonous = false;
    expect(await eventLog.replay('group')).toEqual({ succeeded: 2, failed: 0 });
    expect(failures).toBeLessThan(0);
    await member.close();
  });

  test('E5: who asks for a replay that takes long gives up, the replay goes on', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const gate = createGate();
    let poisonous = true;
    const taken = createTaker({ poison: () => poisonous });
    const handler: Handler = async (batch, delivery) => {
      if (delivery.replay) await gate.pass();
      await taken.handler(batch, delivery);
    };
    const member = await eventLog.consume('group', handler, QUICKLY);
    await ledger.change([1]);
    await until(async () => (await eventLog.setAside('group')).length === 1, 'an event set aside');
    poisonous = false;
    const impatient = eventLog.replay('group', { deadline: 3_000 });
    await expect(impatient).rejects.toMatchObject({ code: 'deadline_exceeded' });
    gate.open();
    await until(async () => (await eventLog.setAside('group')).length === 0, 'the end of the replay');
    expect(taken.versions(1)).toEqual([1]);
    await member.close();
  });

  test('E5: a discarded event is given up, those behind it are replayed', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const taken = createTaker({ poison: ({ key, version }) => key === 3 && version === 1 });
    const member = await eventLog.consume('group', taken.handler, QUICKLY);
    for (let version = 1; version <= 3; version++) await ledger.change([3]);
    await until(async () => (await eventLog.setAside('group')).length === 3, 'three events set aside');
    const [poison] = await eventLog.setAside('group');
    if (poison === undefined) throw new Error('Three events stand aside.');
    await eventLog.discard('group', poison.event.position);
    await expect(eventLog.discard('group', poison.event.position)).rejects.toMatchObject({ code: 'not_found' });
    expect(await eventLog.replay('group')).toEqual({ succeeded: 2, failed: 0 });
    expect(taken.versions(3)).toEqual([2, 3]);
    await member.close();
  });

  test('E5: an event that is discarded while a replay is under way is not handed over', async () => {
    const { eventLog, database } = harness();
    const gate = createGate();
    const taken = createTaker({ poison: () => true });
    let poisonous = true;
    const repaired = createTaker({ poison: () => false });
    const handler: Handler = async (batch, delivery) => {
      if (poisonous) return taken.handler(batch, delivery);
      if (batch.events.length > 1) throw new Error('one by one');
      if (batch.events.some((event) => changeOf(event).key === 3)) await gate.pass();
      await repaired.handler(batch, delivery);
    };
    const member = await eventLog.consume('group', handler, QUICKLY);
    await createLedger(database, eventLog).change([3, 4]);
    await until(async () => (await eventLog.setAside('group')).length === 2, 'two events set aside');
    const [, second] = await eventLog.setAside('group');
    poisonous = false;
    const replaying = eventLog.replay('group');
    await gate.reached;
    await eventLog.discard('group', second?.event.position as Position);
    gate.open();
    expect(await replaying).toEqual({ succeeded: 1, failed: 0 });
    expect(repaired.changes).toEqual([{ key: 3, version: 1 }]);
    expect(await eventLog.setAside('group')).toEqual([]);
    await member.close();
  });

  test('E5: several poison events in one large batch are each found, also those of no record', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const poisonous = [0, 17, 18, 99, 150];
    const taken = createTaker({ poison: ({ key }) => poisonous.includes(key) || Number.isNaN(key) });
    await ledger.change(Array.from({ length: 160 }, (_, key) => key));
    const systemEvent = {
      ...eventOf({ key: 0, version: 1 }),
      kind: 'sync.finished' as const,
      record: null,
      version: null,
      data: { rows: 1 },
    };
    await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, [systemEvent, systemEvent]));
    await nextTick(eventLog);
    const member = await eventLog.consume('group', taken.handler, QUICKLY);
    await until(() => taken.changes.length === 155, 'the other events');
    await until(async () => (await eventLog.setAside('group')).length === 7, 'the poison events');
    expect((await eventLog.setAside('group')).every(({ poison }) => poison)).toBe(true);
    expect(await eventLog.replay('group')).toEqual({ succeeded: 0, failed: 7 });
    expect(taken.changes.map(({ key }) => key)).toEqual(
      Array.from({ length: 160 }, (_, key) => key).filter((key) => !poisonous.includes(key)),
    );
    await member.close();
  });

  test('E5: what stands aside is told before the next batch is handed over, and counted by type', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const told: string[] = [];
    let failures = 2;
    const taken = createTaker({ poison: ({ key }) => key === 3 });
    const handler: Handler = async (batch, delivery) => {
      await taken.handler(batch, delivery);
      told.push(...batch.events.map(changeOf).map(({ key }) => `key ${key}`));
    };
    const onSetAside = async () => {
      if (failures-- > 0) throw new Error('no connection');
      const counts = await eventLog.setAsideCounts('group');
      told.push(`aside ${counts.reduce((sum, { events }) => sum + events, 0)}`);
    };
    const member = await eventLog.consume('group', handler, { ...QUICKLY, onSetAside });
    await ledger.change([3, 4]);
    await until(() => told.includes('key 4'), 'the other key');
    expect(told).toEqual(['aside 1', 'key 4']);
    await ledger.change([3]);
    await ledger.change([5]);
    await until(() => told.includes('key 5'), 'another key');
    expect(told).toEqual(['aside 1', 'key 4', 'aside 2', 'key 5']);
    const [event] = await eventLog.setAside('group');
    expect(await eventLog.setAsideCounts('group')).toEqual([
      { workspace: event?.event.workspace, recordType: event?.event.record?.record_type, events: 2 },
    ]);
    expect(await eventLog.setAsideCounts('nobody')).toEqual([]);
    await member.close();
  });

  test('E5: after a replay it is told that nothing stands aside any more', async () => {
    const { eventLog, database } = harness();
    let isPoisonous = true;
    const counted: number[] = [];
    const onSetAside = async () => {
      counted.push((await eventLog.setAsideCounts('group')).length);
    };
    const taken = createTaker({ poison: () => isPoisonous });
    const member = await eventLog.consume('group', taken.handler, { ...QUICKLY, onSetAside });
    await createLedger(database, eventLog).change([3]);
    await until(() => counted.at(-1) === 1, 'word of the event that stands aside');
    isPoisonous = false;
    await eventLog.replay('group');
    await until(() => counted.at(-1) === 0, 'word that there is none');
    await member.close();
  });

  test('E5: what stands aside for one group stands aside for no other', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const first = await eventLog.consume('group', createTaker({ poison: () => true }).handler, QUICKLY);
    await ledger.change([3, 4]);
    const asideFor = async (group: string) =>
      (await eventLog.setAside(group)).map(({ event, attempts }) => [changeOf(event).key, attempts] as const);
    await until(async () => (await asideFor('group')).length === 2, 'two events set aside');
    let isPoisonous = true;
    const taken = createTaker({ poison: ({ key }) => isPoisonous && key === 3 });
    const second = await eventLog.consume('group2', taken.handler, QUICKLY);
    await until(() => taken.versions(4).length === 1, 'the event that only the first group refuses');
    expect(await asideFor('group2')).toEqual([[3, 3]]);
    const counts = (await eventLog.lag()).map(({ group, setAside }) => [group, setAside]);
    expect(counts).toEqual([
      ['group', 2],
      ['group2', 1],
    ]);

    const [, event] = await eventLog.setAside('group');
    await expect(eventLog.discard('group2', event?.event.position as Position)).rejects.toMatchObject({ code: 'not_found' });
    expect(await eventLog.replay('group2')).toEqual({ succeeded: 0, failed: 1 });
    isPoisonous = false;
    expect(await eventLog.replay('group2')).toEqual({ succeeded: 1, failed: 0 });
    await expect(eventLog.replay('grou')).rejects.toMatchObject({ code: 'not_found' });
    expect(await asideFor('group2')).toEqual([]);
    expect(await asideFor('group')).toEqual([
      [3, 3],
      [4, 3],
    ]);
    for (const member of [first, second]) await member.close();
  });

  test('E5: a handler with a cursor of its own loses none behind a poison event', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    let repaired = false;
    let own: Position | null = null;
    const taken = createTaker({ poison: ({ key, version }) => !repaired && key === 3 && version === 1 });
    const handler: Handler = async (batch, delivery) => {
      await taken.handler(batch, delivery);
      own = batch.cursor;
    };
    const consume = () => eventLog.consume('group', handler, { ...QUICKLY, cursor: async () => own });
    let member = await consume();
    for (let version = 1; version <= 5; version++) {
      await ledger.change([2, 3]);
      await until(() => taken.versions(2).length === version, `version ${version} of the other key`);
      await member.close();
      member = await consume();
    }
    expect(taken.versions(3)).toEqual([]);
    await until(async () => (await eventLog.setAside('group')).length === 5, 'five events set aside');

    // From the beginning, as for a rebuild: what stands aside stays there.
    await member.close();
    own = null;
    taken.changes.length = 0;
    member = await consume();
    await until(() => taken.versions(2).length === 5, 'the other key once more');
    expect(taken.versions(3)).toEqual([]);
    repaired = true;
    expect(await eventLog.replay('group')).toEqual({ succeeded: 5, failed: 0 });
    expect(taken.versions(3)).toEqual([1, 2, 3, 4, 5]);
    await member.close();
  });

  test('E5: a handler that fails after it moved its own cursor sets nothing aside', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const handled: Change[] = [];
    let own: Position | null = null;
    const handler: Handler = async ({ events, cursor }) => {
      handled.push(...events.map(changeOf));
      own = cursor;
      if (events.length > 0) throw new Error('after the effect');
    };
    const member = await eventLog.consume('group', handler, { ...QUICKLY, attempts: 1, batchSize: 1, cursor: async () => own });
    for (let key = 0; key < 5; key++) {
      await ledger.change([key]);
      await until(() => handled.length === key + 1, `the event of key ${key}`);
    }
    // In the middle of a tick the cursor stands at the event itself.
    await ledger.change([5, 6, 7]);
    await until(() => handled.length === 8, 'the events of one tick');
    await nextTick(eventLog);
    await member.close();
    expect(handled.map(({ key }) => key)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(await eventLog.setAside('group')).toEqual([]);
  });

  test('E5: errors of the environment are retried without end and set nothing aside', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const failures = [
      ...Array.from({ length: 6 }, () => Object.assign(new Error('no room'), { code: 'ENOSPC' })),
      ...Array.from({ length: 6 }, () => new Error('warehouse is busy')),
    ];
    const handled: Change[] = [];
    await ledger.change([1, 2, 3]);
    const handler = async ({ events }: MicroBatch) => {
      const failure = events.length === 0 ? undefined : failures.pop();
      if (failure !== undefined) throw failure;
      handled.push(...events.map(changeOf));
    };
    const isEnvironmental = (error: unknown) => error instanceof Error && error.message === 'warehouse is busy';
    const member = await eventLog.consume('group', handler, { ...QUICKLY, attempts: 2, isEnvironmental });
    await until(() => handled.length === 3, 'success at last');
    expect(failures).toEqual([]);
    expect(await eventLog.setAside('group')).toEqual([]);
    await member.close();
  });

  test('E5: a failure without events is never poison', async () => {
    const { eventLog } = harness();
    let calls = 0;
    const member = await eventLog.consume(
      'group',
      async () => {
        if (++calls < 8) throw new Error('not even an empty one');
      },
      QUICKLY,
    );
    await until(() => calls > 8, 'success at last');
    expect(await eventLog.setAside('group')).toEqual([]);
    await member.close();
  });
}

const QUICKLY = { attempts: 3, retryDelay: 1 } satisfies Parameters<EventLog['consume']>[2];
