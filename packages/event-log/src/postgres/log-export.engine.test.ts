import { createGate } from '@sophia/shared/testing';
import type { LogEvent, Position } from '@sophia/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextTick, readAll, until } from '../testing/conditions.ts';
import { changeOf, createLedger, eventOf, firstOutOfOrder, type Ledger, WORKSPACE } from '../testing/ledger.ts';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';
import { type ExportedLine, exportLog, importLog } from './index.ts';

const harnesses: PostgresHarness[] = [];
const create = async () => {
  const harness = await createPostgresHarness();
  harnesses.push(harness);
  return harness;
};
afterEach(async () => {
  for (const harness of harnesses.splice(0)) await harness.close();
});

/** A backup as it lies in a file. */
const backUp = ({ deliveries }: PostgresHarness): Promise<ExportedLine[]> =>
  deliveries.read([], async (transaction) => {
    const lines: ExportedLine[] = [];
    for await (const page of exportLog(deliveries, transaction)) lines.push(...page);
    return JSON.parse(JSON.stringify(lines));
  });

/** Nothing of the database's own may be open while a backup is brought back. */
const restore = async (lines: readonly ExportedLine[]) => {
  const harness = await create();
  await harness.eventLog.close();
  const report = await importLog(harness.deliveries, lines);
  return { harness, report, eventLog: await harness.secondInstance() };
};

/** All but the epoch, which is another one after a restore. */
const withoutEpoch = (events: readonly LogEvent[]) => events.map((event) => ({ ...event, position: event.position.replace(/^\w+\./, '') }));

const writeSome = async (ledger: Ledger, eventLog: PostgresHarness['eventLog']) => {
  for (let round = 0; round < 6; round++) {
    await ledger.change(Array.from({ length: 12 }, (_, index) => (index * 7 + round) % 40));
    if (round % 2 === 0) await nextTick(eventLog);
  }
};

let source: PostgresHarness;
beforeEach(async () => {
  source = await create();
});

test('a restored log has the same events at the same ticks, offsets and times, under another epoch', async () => {
  const ledger = createLedger(source.database, source.eventLog);
  await writeSome(ledger, source.eventLog);
  await nextTick(source.eventLog);
  const before = await readAll(source.eventLog);
  const { position, completeTo, at } = await source.eventLog.head();
  const { report, eventLog } = await restore(await backUp(source));
  expect(report.events).toBe(72);

  expect(withoutEpoch((await readAll(eventLog)).events)).toEqual(withoutEpoch(before.events));
  for (const limit of [1, 5]) expect(withoutEpoch((await readAll(eventLog, null, limit)).events)).toEqual(withoutEpoch(before.events));
  const { head } = { head: await eventLog.head() };
  expect(head.completeTo >= completeTo && head.at > at).toBe(true);
  await expect(eventLog.read(position)).rejects.toMatchObject({ code: 'cursor_of_another_log' });

  const [event] = (await readAll(eventLog)).events;
  if (event?.record == null) throw new Error('The first event concerns a record.');
  const history = await eventLog.history(WORKSPACE, event.record.id);
  expect(history).toEqual(await source.eventLog.history(WORKSPACE, event.record.id));
  expect(await eventLog.timeOf((await eventLog.read(null, { limit: 1 })).cursor)).toBeDefined();
});

test('a restored log goes on where the backup ended, and is backed up again', async () => {
  const ledger = createLedger(source.database, source.eventLog);
  await writeSome(ledger, source.eventLog);
  const first = await restore(await backUp(source));
  const restored = (await readAll(first.eventLog)).events;
  const [middle] = restored.slice(30);
  if (middle === undefined) throw new Error('There are more than 30 events.');

  const keys = [...new Set(restored.map((event) => changeOf(event).key))];
  const { token } = await first.harness.database.write([WORKSPACE], (transaction) =>
    first.eventLog.append(
      transaction,
      keys.map((key) => eventOf({ key, version: restored.filter((event) => changeOf(event).key === key).length + 1 })),
    ),
  );
  const write = first.eventLog.decodeToken(first.eventLog.encodeToken(token));
  expect(await first.eventLog.contains(Number(middle.position.split('.')[1]), write)).toBe(false);
  await nextTick(first.eventLog);
  const { events } = await readAll(first.eventLog);
  expect(events.slice(0, restored.length)).toEqual(restored);
  expect(events).toHaveLength(restored.length + keys.length);
  expect(firstOutOfOrder(events.map(changeOf))).toBeUndefined();
  expect((await readAll(first.eventLog, middle.position)).events).toEqual(events.slice(31));
  const handled: string[] = [];
  const member = await first.eventLog.consume('group', async (batch) => {
    handled.push(...batch.events.map(({ position }) => position));
  });
  await until(() => handled.length === events.length, 'every event at a consumer');
  expect(await first.eventLog.lag()).toMatchObject([{ setAside: 0, members: 1 }]);
  await member.close();

  const second = await restore(await backUp(first.harness));
  expect(withoutEpoch((await readAll(second.eventLog)).events)).toEqual(withoutEpoch(events));
  expect((await second.eventLog.lag()).length).toBe(0);
});

test('a backup has exactly what was committed when it began, while others go on writing', async () => {
  const ledger = createLedger(source.database, source.eventLog);
  await ledger.change([1, 2]);
  await nextTick(source.eventLog);
  const gate = createGate();
  const open = ledger.change([5], { after: gate.pass });
  await gate.reached;
  // Committed, and in no tick yet when the ticker is gone.
  await source.eventLog.close();
  await ledger.change([3]);

  const lines = await source.deliveries.read([], async (transaction) => {
    const pages = exportLog(source.deliveries, transaction);
    const first = await pages.next();
    gate.open();
    await open;
    await ledger.change([4]);
    const rest: ExportedLine[] = first.done === true ? [] : [...first.value];
    for await (const page of pages) rest.push(...page);
    return rest;
  });
  const { eventLog } = await restore(lines);
  expect((await readAll(eventLog)).events.map(changeOf)).toEqual([
    { key: 1, version: 1 },
    { key: 2, version: 1 },
    { key: 3, version: 1 },
  ]);
});

test('a backup of several portions is brought back whole', async () => {
  const { database, eventLog } = source;
  for (let round = 0; round < 3; round++) {
    const events = Array.from({ length: 4_000 }, (_, key) => eventOf({ key, version: round + 1 }));
    await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, events));
    await nextTick(eventLog);
  }
  const { eventLog: restored } = await restore(await backUp(source));
  expect(withoutEpoch((await readAll(restored)).events)).toEqual(withoutEpoch((await readAll(eventLog)).events));
});

test('an empty log is backed up and restored too', async () => {
  const { report, eventLog, harness } = await restore(await backUp(source));
  expect(report).toEqual({ events: 0, ticks: 1 });
  await createLedger(harness.database, eventLog).change([1]);
  await nextTick(eventLog);
  expect((await readAll(eventLog)).events).toHaveLength(1);
});

test('a restore is refused where the log has events or a process makes ticks', async () => {
  const lines = await backUp(source);
  await until(() => source.eventLog.isTicker, 'the ticker');
  await expect(importLog(source.deliveries, lines)).rejects.toMatchObject({ code: 'unavailable' });
  await createLedger(source.database, source.eventLog).change([1]);
  await source.eventLog.close();
  await expect(importLog(source.deliveries, lines)).rejects.toMatchObject({ code: 'log_not_empty' });
});

test.each([
  ['no line', []],
  ['an event before the first tick', [{ event: eventOf({ key: 1, version: 1 }) }]],
  ['a time that is none', [{ tick: 1, at: 'yesterday' }]],
])('a damaged backup with %s is refused', async (_, lines) => {
  await source.eventLog.close();
  await expect(importLog(source.deliveries, lines)).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('damaged'),
  });
});

test('what is no place of a restored log is refused', async () => {
  await createLedger(source.database, source.eventLog).change([1, 2]);
  await nextTick(source.eventLog);
  const lines = await backUp(source);
  const { eventLog } = await restore(lines);
  const [event] = (await readAll(eventLog)).events;
  const { epoch } = await eventLog.head();
  const eventTick = Number(event?.position.split('.')[1]);
  const lastTick = Math.max(...lines.map((line) => ('tick' in line ? line.tick : 0)));
  // In the tick of the events, in the last one of the backup, in the first one after it.
  for (const place of [`${eventTick}.3`, `${lastTick}.1`, `${lastTick + 1}.1`]) {
    await expect(eventLog.read(`${epoch}.${place}` as Position), place).rejects.toMatchObject({ code: 'invalid_cursor' });
  }
});

test('a part of a restored tick states what is complete before it', async () => {
  await createLedger(source.database, source.eventLog).change([1, 2, 3]);
  await nextTick(source.eventLog);
  const { eventLog } = await restore(await backUp(source));
  const part = await eventLog.read(null, { limit: 2 });
  expect(part.endOfTick).toBe(false);
  expect(part.completeTo < part.at).toBe(true);
});

test('the lag of a group in a restored log counts its events', async () => {
  await createLedger(source.database, source.eventLog).change([1, 2, 3]);
  await nextTick(source.eventLog);
  const { eventLog } = await restore(await backUp(source));
  const member = await eventLog.consume('group', () => Promise.reject(new Error('not now')), { attempts: 1_000 });
  expect(await eventLog.lag()).toMatchObject([{ group: 'group', events: 3 }]);
  await member.close();
});

test('consumer groups of before the restore begin anew', async () => {
  await createLedger(source.database, source.eventLog).change([1]);
  await nextTick(source.eventLog);
  const lines = await backUp(source);
  const target = await create();
  const idle = await target.eventLog.consume('group', () => Promise.resolve());
  await until(async () => ((await target.eventLog.lag())[0]?.events ?? 1) === 0, 'an idle group');
  await idle.close();
  await target.eventLog.close();
  // Of another log: at the place, and of the record, of the event that comes.
  const [{ position, record }] = (await readAll(source.eventLog)).events as [LogEvent];
  const [, tick, offset] = position.split('.');
  await target.deliveries.write([], (transaction) =>
    target.deliveries.query(transaction, STAND_ASIDE, [tick, offset, WORKSPACE, record?.id]),
  );
  await importLog(target.deliveries, lines);
  const eventLog = await target.secondInstance();
  expect(await eventLog.lag()).toMatchObject([{ group: 'group', setAside: 0 }]);
  const handled: LogEvent[] = [];
  const member = await eventLog.consume('group', async ({ events }) => {
    handled.push(...events);
  });
  await until(() => handled.length === 1, 'the restored event');
  await member.close();
});

const STAND_ASIDE = {
  name: 'test_stand_aside',
  text: `insert into event_set_aside (group_id, tick, tick_offset, position, workspace, record_id, poison, error, attempts)
    select id, $1::bigint, $2::bigint, 1, $3::int, $4::bigint, true, 'an error', 1 from event_group`,
};
