import { seededRandom, systemSleep } from '@sophia/shared';
import { createGate } from '@sophia/shared/testing';
import type { EventFact, Position } from '@sophia/types';
import { expect, test } from 'vitest';
import { nextTick, readAll, until } from '../testing/conditions.ts';
import type { CurrentHarness } from '../testing/event-log-harness.ts';
import { type EventLogHarness, KEYS } from '../testing/event-log-harness.ts';
import { type Change, changeOf, createLedger, type Ledger } from '../testing/ledger.ts';

export function consumerGroupContract(harness: CurrentHarness): void {
  test('E4: a micro-batch goes to one member of a group at a time, and each event to one of them', async () => {
    const { eventLog, database, secondInstance } = harness();
    const ledger = createLedger(database, eventLog);
    const handled: string[] = [];
    let inHand = 0;
    let most = 0;
    const byMember = [0, 0, 0];
    const logs = [eventLog, eventLog, await secondInstance()];
    const members = await Promise.all(
      logs.map((log, member) =>
        log.consume(
          'group',
          async ({ events }) => {
            most = Math.max(most, ++inHand);
            await systemSleep(1);
            handled.push(...events.map(({ position }) => position));
            byMember[member] = (byMember[member] ?? 0) + events.length;
            inHand--;
          },
          { batchSize: 7 },
        ),
      ),
    );
    expect(members.map(({ group }) => group)).toEqual(['group', 'group', 'group']);
    await writeSome(ledger, 300, 1);
    await until(() => handled.length >= ledger.committed.length, 'every event at a member');
    for (const member of members) await member.close();
    expect(most).toBe(1);
    expect(handled).toEqual((await readAll(eventLog)).events.map(({ position }) => position));
  });

  test('E4: who needs no more than the facts gets them, of ticks and of parts of one, also when they are replayed', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    await ledger.change([1, 2, 3, 4, 5]);
    await nextTick(eventLog);
    await ledger.change([1]);
    await nextTick(eventLog);
    const { events } = await readAll(eventLog);
    const facts = events.map(({ actor: _, cause: __, original: ___, ...fact }) => fact);
    const handled: EventFact[] = [];
    const refused = facts[3]?.position;
    let isMended = false;
    const member = await eventLog.consumeFacts(
      'facts',
      async (batch) => {
        if (!isMended && batch.events.some(({ position }) => position === refused)) throw new Error('not yet');
        handled.push(...batch.events);
      },
      { batchSize: 2, attempts: 1, retryDelay: 1 },
    );
    await until(() => handled.length === facts.length - 1, 'every fact but one');
    expect(handled).toEqual(facts.filter(({ position }) => position !== refused));
    isMended = true;
    expect(await eventLog.replay('facts')).toEqual({ succeeded: 1, failed: 0 });
    await member.close();
    expect(handled.slice(facts.length - 1)).toMatchObject([{ ...facts[3] }]);
  });

  test('E4: the cursor moves only after the handler succeeds, also across restarts', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    await ledger.change([1]);
    await nextTick(eventLog);
    const seen: Change[] = [];
    const failing = await eventLog.consume(
      'group',
      ({ events }) => {
        seen.push(...events.map(changeOf));
        return seen.length < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve();
      },
      { attempts: 10, retryDelay: 1 },
    );
    await until(() => seen.length >= 3, 'a third attempt');
    await failing.close();
    expect(seen).toEqual([1, 1, 1].map((version) => ({ key: 1, version })));

    await ledger.change([2]);
    const again = await eventLog.consume('group', async ({ events }) => {
      seen.push(...events.map(changeOf));
    });
    await until(() => seen.some(({ key }) => key === 2), 'the event after the restart');
    await again.close();
    expect(seen).toHaveLength(4);
  });

  test('E4: ticks without events are handed over too, so that the group knows how far it is complete', async () => {
    const { eventLog } = harness();
    const stated: string[] = [];
    const member = await eventLog.consume('group', async ({ completeTo, endOfTick, events }) => {
      expect(events).toEqual([]);
      expect(endOfTick).toBe(true);
      stated.push(completeTo);
    });
    const { completeTo } = await eventLog.head();
    await until(() => stated.length > 1 && (stated[stated.length - 1] ?? '') > completeTo, 'a later time without any event');
    await member.close();
    expect(stated).toEqual([...new Set(stated)].sort());
  });

  test('E4: effects in the transaction of the delivery are exactly once although members are killed in their handlers', {
    timeout: 120_000,
  }, async () => {
    const { eventLog, database, startMember } = harness();
    const ledger = createLedger(database, eventLog);
    const random = seededRandom(4);
    let isWriting = true;
    const writing = writeSome(ledger, 900, 4).finally(() => {
      isWriting = false;
    });
    const members = await Promise.all([startMember('group'), startMember('group')]);
    let kills = 0;
    while (isWriting || kills < 8) {
      await systemSleep(20 + Math.floor(random() * 120));
      const victim = members[Math.floor(random() * members.length)];
      if (victim === undefined || kills >= 12) continue;
      victim.signal('SIGKILL');
      await victim.exited;
      kills++;
      members[members.indexOf(victim)] = await startMember('group');
    }
    await writing;
    await until(async () => (await effects(harness(), 'group')).length >= ledger.committed.length, 'every effect');
    expect(await effects(harness(), 'group')).toEqual((await readAll(eventLog)).events.map(({ position }) => position));
  });

  test('E4: a handler that keeps its own cursor has exactly-once effects although it fails after its commit', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    const random = seededRandom(44);
    const cursor = async () => {
      const [row] = await database.select<{ position: Position }>([], {
        name: 'test_read_cursor',
        text: 'select position from test_cursor',
      });
      return row?.position ?? null;
    };
    let restarts = 0;
    const start = () =>
      eventLog.consume(
        'own',
        async ({ events, cursor: next }) => {
          if (random() < 0.1) throw new Error('before the commit');
          await database.write([], async (transaction) => {
            for (const { position } of events) await database.query(transaction, NOTE, ['own', position]);
            await database.query(transaction, { name: 'test_clear_cursor', text: 'delete from test_cursor' });
            await database.query(transaction, { name: 'test_write_cursor', text: 'insert into test_cursor values ($1)' }, [next]);
          });
          if (random() < 0.2) throw Object.assign(new Error('after the commit'), { code: 'ECONNRESET' });
        },
        { cursor, batchSize: 5, attempts: 50, retryDelay: 1 },
      );
    const writing = writeSome(ledger, 200, 3);
    while ((await effects(harness(), 'own')).length < 400 && restarts < 5) {
      const member = await start();
      await systemSleep(50);
      await member.close();
      restarts++;
    }
    const member = await start();
    await writing;
    await until(async () => (await effects(harness(), 'own')).length >= ledger.committed.length, 'every effect');
    await member.close();
    expect(await effects(harness(), 'own')).toEqual((await readAll(eventLog)).events.map(({ position }) => position));
  });

  test('E4: when the log is closed, its members end after the batch in hand', async () => {
    const { eventLog, database, secondInstance } = harness();
    const other = await secondInstance();
    const gate = createGate();
    const handled: Change[] = [];
    await other.consume('group', async ({ events }) => {
      if (events.length === 0) return;
      await gate.pass();
      handled.push(...events.map(changeOf));
    });
    await createLedger(database, eventLog).change([1]);
    await gate.reached;
    const closing = other.close();
    gate.open();
    await closing;
    expect(handled).toEqual([{ key: 1, version: 1 }]);
    expect(await eventLog.lag()).toMatchObject([{ events: 0, members: 0 }]);
  });

  test('E4: a handler that hangs loses its batch at its deadline', async () => {
    const { eventLog, database, secondInstance } = harness();
    const other = await secondInstance();
    const ledger = createLedger(database, eventLog);
    const hanging = createGate();
    let aborted: AbortSignal | undefined;
    const hung = await eventLog.consume(
      'group',
      ({ events }, { signal }) => {
        if (events.length === 0) return Promise.resolve();
        aborted = signal;
        return hanging.pass();
      },
      { deadline: 300, retryDelay: 2_000 },
    );
    await ledger.change([1]);
    await hanging.reached;
    const handled: Change[] = [];
    const member = await other.consume('group', async ({ events }) => {
      handled.push(...events.map(changeOf));
    });
    await until(() => handled.length === 1, 'the batch at another member');
    expect(aborted?.aborted).toBe(true);
    hanging.open();
    await member.close();
    await hung.close();
  });

  test('E6: a slow group delays nobody else, and its lag is known', async () => {
    const { eventLog, database, secondInstance } = harness();
    const other = await secondInstance();
    const ledger = createLedger(database, eventLog);
    await nextTick(eventLog);
    const gate = createGate();
    const slow = await eventLog.consume('slow', ({ events }) => (events.length === 0 ? Promise.resolve() : gate.pass()), { batchSize: 10 });
    const handled: Change[] = [];
    const take = async ({ events }: { readonly events: Parameters<typeof changeOf>[0][] | readonly Parameters<typeof changeOf>[0][] }) => {
      handled.push(...events.map(changeOf));
    };
    const quick = [await eventLog.consume('quick', take), await other.consume('quick', take)];
    await writeSome(ledger, 100, 6);
    await until(() => handled.length === ledger.committed.length, 'every event at the quick group');
    await gate.reached;
    await nextTick(eventLog);

    const lagOf = async (group: string) => (await eventLog.lag()).find((lag) => lag.group === group);
    expect(await lagOf('slow')).toMatchObject({ events: ledger.committed.length, members: 1, setAside: 0 });
    await until(async () => (await lagOf('quick'))?.events === 0, 'no lag of the quick group');
    const [slowLag, quickLag] = [await lagOf('slow'), await lagOf('quick')];
    expect(quickLag).toMatchObject({ members: 2, setAside: 0 });
    expect(slowLag?.seconds).toBeGreaterThan(quickLag?.seconds ?? Number.POSITIVE_INFINITY);

    gate.open();
    await until(async () => (await lagOf('slow'))?.events === 0, 'no lag of the slow group');
    for (const member of [slow, ...quick]) await member.close();
    expect(await lagOf('quick')).toMatchObject({ members: 0 });
  });

  test('E6: the lag of a group within a tick is what is left of it', async () => {
    const { eventLog, database } = harness();
    await createLedger(database, eventLog).change([1, 2, 3, 4, 5]);
    await nextTick(eventLog);
    const gate = createGate();
    const member = await eventLog.consume(
      'group',
      ({ events }) => (events.some((event) => changeOf(event).key === 3) ? gate.pass() : Promise.resolve()),
      { batchSize: 2 },
    );
    await gate.reached;
    expect(await eventLog.lag()).toMatchObject([{ events: 3 }]);
    gate.open();
    await member.close();
  });

  test('E6: members and ticks come back after every connection was cut', async () => {
    const { eventLog, database, cutConnections } = harness();
    const ledger = createLedger(database, eventLog);
    const handled: string[] = [];
    const member = await eventLog.consume('group', async ({ events }) => {
      handled.push(...events.map(({ position }) => position));
    });
    for (let round = 0; round < 3; round++) {
      await ledger.change([round]);
      await cutConnections();
      await ledger.change([round + 100]);
      await until(() => new Set(handled).size === 2 * (round + 1), `the events of round ${round}`);
    }
    await until(async () => (await eventLog.lag())[0]?.members === 1, 'the member counted again');
    await member.close();
    expect([...new Set(handled)]).toEqual((await readAll(eventLog)).events.map(({ position }) => position));
  });

  test('E6: another process makes the ticks when the one that did is killed, or stands still', { timeout: 120_000 }, async () => {
    const { secondInstance, startMember, eventLog, cutConnections } = harness();
    // This process gives the task up; a process that was there before takes it over.
    const ticker = await startMember('group');
    await eventLog.close();
    const other = await secondInstance();
    const moves = async () => {
      const { tick } = await other.head();
      // One may have been on its way.
      await until(async () => (await other.head()).tick > tick + 1, 'further ticks');
    };
    await moves();
    ticker.signal('SIGSTOP');
    await moves();
    ticker.signal('SIGCONT');
    await moves();
    ticker.signal('SIGKILL');
    await ticker.exited;
    await moves();
    await cutConnections();
    await moves();
  });
}

/** Transactions over some keys each, from several writers at once. */
async function writeSome(ledger: Ledger, transactions: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const writers = Array.from({ length: 4 }, async () => {
    for (let count = 0; count < transactions / 4; count++) {
      await ledger.change([...new Set([0, 1, 2].map(() => Math.floor(random() * KEYS)))]);
    }
  });
  await Promise.all(writers);
}

/** Positions of the noted events, in the order of their effects. */
async function effects({ database }: EventLogHarness, group: string): Promise<string[]> {
  const rows = await database.select<{ position: string }>([], EFFECTS, [group]);
  return rows.map(({ position }) => position);
}

const EFFECTS = { name: 'test_effects', text: 'select position from test_effect where group_name = $1 order by number' };
const NOTE = { name: 'test_note_app', text: 'insert into test_effect (group_name, position) values ($1, $2)' };
