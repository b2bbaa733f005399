import { seededRandom, systemSleep } from '@sophia/shared';
import { createGate } from '@sophia/shared/testing';
import type { LogEvent, Position, WorkspaceId } from '@sophia/types';
import { expect, test } from 'vitest';
import type { ReadBatch } from '../event-log.ts';
import { nextTick, readAll, until } from '../testing/conditions.ts';
import type { CurrentHarness } from '../testing/event-log-harness.ts';
import { KEYS } from '../testing/event-log-harness.ts';
import { type Change, changeOf, createLedger, eventOf, firstOutOfOrder, sorted, WORKSPACE } from '../testing/ledger.ts';

export function appendAndReadContract(harness: CurrentHarness): void {
  test('E1: events are visible exactly if their transaction commits', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const gate = createGate();
    const open = ledger.change([1, 2], { after: gate.pass });
    await gate.reached;
    const failed = ledger.change([3], { after: () => Promise.reject(new Error('changed its mind')) });
    await expect(failed).rejects.toThrow('changed its mind');
    await ledger.change([4]);

    await nextTick(eventLog);
    expect((await readAll(eventLog)).events.map(changeOf)).toEqual([{ key: 4, version: 1 }]);

    gate.open();
    await open;
    await nextTick(eventLog);
    expect((await readAll(eventLog)).events.map(changeOf)).toEqual([
      { key: 4, version: 1 },
      { key: 1, version: 1 },
      { key: 2, version: 1 },
    ]);
  });

  test('E1: an event comes back as it was appended, with its position and the time of its tick', async () => {
    const { eventLog, database } = harness();
    const events = [
      eventOf({ key: 7, version: 2 }),
      { ...eventOf({ key: 8, version: 1 }), kind: 'workspace.changed' as const, record: null, version: null },
    ];
    await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, events));
    await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, []));
    await nextTick(eventLog);

    const batch = await eventLog.read(null);
    const { epoch } = await eventLog.head();
    expect(batch.events).toEqual(
      events.map((event, index) => ({
        ...event,
        event_version: 1,
        position: `${epoch}.${batch.events[0]?.position.split('.')[1]}.${index + 1}`,
        at: batch.events[0]?.at,
      })),
    );
    expect(batch.events[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  test('E3: the events of one append come in its order', async () => {
    const { eventLog, database } = harness();
    const events = Array.from({ length: 5_000 }, (_, index) => eventOf({ key: index % 7, version: 1 + Math.floor(index / 7) }));
    await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, events));
    await nextTick(eventLog);
    expect((await readAll(eventLog)).events.map(changeOf)).toEqual(events.map(({ data }) => ({ key: data?.key, version: data?.version })));
  });

  test('E1: a transaction cannot append to a workspace that is not its own', async () => {
    const { eventLog, database } = harness();
    const foreign = database.write([WORKSPACE], (transaction) =>
      eventLog.append(transaction, [eventOf({ key: 1, version: 1 }, 2 as WorkspaceId)]),
    );
    await expect(foreign).rejects.toThrow(/row-level security/);
  });

  test('E2: a reader misses no event and sees none twice although transactions commit out of order', { timeout: 120_000 }, async () => {
    const { eventLog, database, secondInstance } = harness();
    const other = await secondInstance();
    const ledger = createLedger(database, eventLog);
    const random = seededRandom(20_261_120);
    const pause = () => systemSleep(Math.floor(random() * 8));
    const rare = (share: number) => random() < share;

    const writers = Array.from({ length: 8 }, async () => {
      for (let count = 0; count < 120; count++) {
        const keys = new Set(Array.from({ length: 1 + Math.floor(random() * 8) }, () => Math.floor(random() * (KEYS - 10))));
        const failing = rare(0.05);
        await ledger
          .change([...keys], {
            before: rare(0.3) ? pause : undefined,
            after: failing ? () => Promise.reject(new Error('rolled back')) : rare(0.2) ? pause : undefined,
          })
          .catch((error: unknown) => {
            if (!failing) throw error;
          });
      }
    });
    const slow = Array.from({ length: 4 }, (_, index) =>
      ledger.change([KEYS - 1 - index], { after: () => systemSleep(1_500 + 100 * index) }),
    );
    const writing = Promise.all([...writers, ...slow]);
    let isWriting = true;
    const stopped = writing.finally(() => {
      isWriting = false;
    });

    const readers = [eventLog, other].map(async (log) => {
      const read: LogEvent[] = [];
      let cursor: Position | null = null;
      while (isWriting) {
        const batch = await log.read(cursor, { limit: 1 + Math.floor(random() * 60) });
        read.push(...batch.events);
        cursor = batch.cursor;
        if (batch.events.length === 0) await log.waitForTick(batch.tick, 50);
      }
      await nextTick(log);
      read.push(...(await readAll(log, cursor)).events);
      return read;
    });
    await stopped;
    const [first = [], second = []] = await Promise.all(readers);

    expect(first.length).toBeGreaterThan(3_000);
    expect(sorted(first.map(changeOf))).toEqual(sorted(ledger.committed));
    expect(firstOutOfOrder(first.map(changeOf)), 'E3: versions of a key are consecutive').toBeUndefined();
    // Whoever reads, whenever and in whatever portions: the same events at the same positions and times.
    expect(second).toEqual(first);
    expect((await readAll(eventLog)).events).toEqual(first);
    expect((await readAll(other, null, 7)).events).toEqual(first);
    expect(isGrowing(first)).toBe(true);
  });

  test('E2: a writer that stays open delays only its own events', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const gate = createGate();
    const open = ledger.change([1, 2, 3], { after: gate.pass });
    await gate.reached;

    const seen: Change[] = [];
    let cursor: Position | null = null;
    let completeTo = '';
    const read = async () => {
      const batch = await eventLog.read(cursor);
      cursor = batch.cursor;
      completeTo = batch.completeTo;
      seen.push(...batch.events.map(changeOf));
    };
    for (let key = 10; key < 60; key++) {
      await ledger.change([key]);
      const before = completeTo;
      await until(async () => {
        await read();
        return seen.some((change) => change.key === key);
      }, `the event of key ${key} beside an open writer`);
      expect(completeTo > before).toBe(true);
    }
    expect(seen).toHaveLength(50);
    expect(await eventLog.oldestWriterSeconds()).toBeGreaterThan(0);

    gate.open();
    await open;
    await until(async () => {
      await read();
      return seen.length === 53;
    }, 'the events of the writer that was open');
    expect(seen.slice(50)).toEqual([1, 2, 3].map((key) => ({ key, version: 1 })));
    await nextTick(eventLog);
    await read();
    expect(seen).toHaveLength(53);
  });

  test('E2: reading goes on in the middle of a large tick, in any process', async () => {
    const { eventLog, database, secondInstance } = harness();
    const other = await secondInstance();
    const ledger = createLedger(database, eventLog);
    const gate = createGate();
    // One tick between two others, with the events of two transactions whose positions are interleaved.
    await ledger.change([0]);
    await nextTick(eventLog);
    await Promise.all([ledger.change(range(1, 90), { before: gate.pass }), gate.reached.then(gate.open), ledger.change(range(100, 190))]);
    await nextTick(eventLog);
    await ledger.change([199]);
    await nextTick(eventLog);

    const { events } = await readAll(eventLog);
    expect(events).toHaveLength(1 + 89 + 90 + 1);
    for (const limit of [1, 13, 89]) {
      const read: LogEvent[] = [];
      let cursor: Position | null = null;
      let turn = 0;
      do {
        const batch: { events: readonly LogEvent[]; cursor: Position } = await (turn++ % 2 === 0 ? eventLog : other).read(cursor, {
          limit,
        });
        expect(batch.events.length).toBeLessThanOrEqual(limit);
        read.push(...batch.events);
        cursor = batch.cursor;
      } while (read.length < events.length);
      expect(read).toEqual(events);
    }
    for (const [index, event] of events.entries()) {
      const [next] = (await other.read(event.position, { limit: 1 })).events;
      expect(next).toEqual(events[index + 1]);
    }
  });

  test('E2: a part of a tick states what is complete before it, its end what is complete with it', async () => {
    const { eventLog, database } = harness();
    await createLedger(database, eventLog).change([1, 2, 3]);
    await nextTick(eventLog);
    const part = await eventLog.read(null, { limit: 2 });
    const end = await eventLog.read(part.cursor, { limit: 2 });
    expect([part, end].map(({ tick, endOfTick }) => [tick, endOfTick])).toEqual([
      [part.tick, false],
      [part.tick, true],
    ]);
    expect(part.completeTo < end.completeTo).toBe(true);
  });

  test('E2: with filters the cursor passes what was left out', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    await ledger.change(range(0, 40));
    await ledger.change(range(0, 10), { workspace: 2 as WorkspaceId });
    await nextTick(eventLog);

    const readFiltered = async (options: Parameters<typeof eventLog.read>[1]) => {
      const found: LogEvent[] = [];
      for (let cursor: Position | null = null; ; ) {
        const batch = await eventLog.read(cursor, { ...options, limit: 4 });
        expect(batch.events.length).toBeLessThanOrEqual(4);
        found.push(...batch.events);
        cursor = batch.cursor;
        if (!batch.more) return found;
      }
    };
    expect(await readFiltered({ workspace: 2 as WorkspaceId })).toHaveLength(10);
    expect(await readFiltered({ recordTypes: ['deal'] })).toHaveLength(25);
    expect(await readFiltered({ kinds: ['record.updated'], recordTypes: ['call'], workspace: 2 as WorkspaceId })).toHaveLength(5);
    expect(await readFiltered({ kinds: ['sync.finished'] })).toHaveLength(0);
  });

  test('E2: a small limit keeps a filtered read from nothing that is further on', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    await ledger.change(range(0, KEYS));
    await nextTick(eventLog);
    await ledger.change(range(0, 3), { workspace: 2 as WorkspaceId });
    await nextTick(eventLog);
    const first = await eventLog.read(null, { workspace: 2 as WorkspaceId, limit: 2 });
    const rest = await eventLog.read(first.cursor, { workspace: 2 as WorkspaceId, limit: 2 });
    expect([first, rest].map(({ events, more }) => ({ read: events.length, more }))).toEqual([
      { read: 2, more: true },
      { read: 1, more: false },
    ]);
  });

  test('E2: a read goes no further than it was told', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const ends: Position[] = [];
    for (let round = 0; round < 4; round++) {
      await ledger.change(range(0, 10));
      await nextTick(eventLog);
      ends.push((await eventLog.head()).position);
    }
    const { events } = await readAll(eventLog);
    const places = [
      ...ends.map((position, round) => ({ position, count: 10 * (round + 1) })),
      ...events.map(({ position }, index) => ({ position, count: index + 1 })),
    ];
    for (const { position, count } of places) {
      for (const limit of [3, 1_000]) {
        const read: LogEvent[] = [];
        for (let cursor: Position | null = null; ; ) {
          const batch: ReadBatch = await eventLog.read(cursor, { limit, upTo: position });
          read.push(...batch.events);
          if (!batch.more) break;
          cursor = batch.cursor;
        }
        expect(read).toEqual(events.slice(0, count));
      }
    }
  });

  test('E3: events of one key come in commit order although a transaction takes its id first and touches the key last', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    for (let round = 0; round < 20; round++) {
      const gate = createGate();
      const first = ledger.change([5], { before: gate.pass });
      await gate.reached;
      await ledger.change([5]);
      if (round % 2 === 0) await nextTick(eventLog);
      gate.open();
      await first;
    }
    await nextTick(eventLog);
    const changes = (await readAll(eventLog)).events.map(changeOf);
    expect(changes).toEqual(Array.from({ length: 40 }, (_, index) => ({ key: 5, version: index + 1 })));
  });

  test('E3: the history of a record has its changes in order, as far as a tick has them', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    for (let version = 1; version <= 5; version++) await ledger.change([3, 4]);
    await nextTick(eventLog);
    const { events } = await readAll(eventLog);
    const record = events[0]?.record?.id;
    if (record === undefined) throw new Error('The first event concerns a record.');
    const expected = events.filter((event) => event.record?.id === record).map(({ position: _, ...change }) => change);
    expect(await eventLog.history(WORKSPACE, record)).toEqual({ changes: expected, isCut: false });
    expect(await eventLog.history(WORKSPACE, record, { afterVersion: 2, limit: 2 })).toEqual({
      changes: expected.slice(2, 4),
      isCut: false,
    });
    expect(await eventLog.history(2 as WorkspaceId, record)).toEqual({ changes: [], isCut: false });
  });

  test('events of an erased record say nothing any more, those of others do', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    for (let version = 1; version <= 2; version++) await ledger.change([3, 4]);
    await nextTick(eventLog);
    const { events } = await readAll(eventLog);
    const erased = events[0]?.record?.id;
    if (erased === undefined) throw new Error('The first event concerns a record.');
    await database.write([2 as WorkspaceId], (transaction) => eventLog.erase(transaction, erased));
    expect((await readAll(eventLog)).events).toEqual(events);

    await database.write([WORKSPACE], (transaction) => eventLog.erase(transaction, erased));
    const blank = { data: null, previous: null, original: null };
    expect((await readAll(eventLog)).events).toEqual(events.map((event) => (event.record?.id === erased ? { ...event, ...blank } : event)));
  });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** Each position stands behind the one before, and no time is earlier. */
function isGrowing(events: readonly LogEvent[]): boolean {
  const place = ({ position }: LogEvent) => position.split('.').slice(1).map(Number) as [number, number];
  return events.every((event, index) => {
    const before = events[index - 1];
    if (before === undefined) return true;
    const [tick, offset] = place(event);
    const [tickBefore, offsetBefore] = place(before);
    return tick === tickBefore
      ? offset === offsetBefore + 1 && event.at === before.at
      : tick > tickBefore && offset === 1 && event.at > before.at;
  });
}
