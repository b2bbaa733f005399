import { createGate } from '@sophia/shared/testing';
import type { Position } from '@sophia/types';
import { expect, test } from 'vitest';
import { nextTick, readAll, until } from '../testing/conditions.ts';
import type { CurrentHarness } from '../testing/event-log-harness.ts';
import { createLedger, WORKSPACE } from '../testing/ledger.ts';

export function positionContract(harness: CurrentHarness): void {
  test('E7: a cursor of another epoch is refused', async () => {
    const { eventLog, otherLog } = harness();
    const other = await otherLog();
    const { position } = await eventLog.head();
    await expect(other.read(position)).rejects.toMatchObject({ code: 'cursor_of_another_log', status: 410 });
    await expect(other.consume('group', () => Promise.resolve(), { cursor: async () => position })).rejects.toMatchObject({
      code: 'cursor_of_another_log',
    });
    await expect(other.timeOf(position)).rejects.toMatchObject({ code: 'cursor_of_another_log' });
    expect(() => other.decodeToken(eventLog.encodeToken({ transactionId: '7', walPosition: '0/1' }))).toThrow(
      expect.objectContaining({ code: 'cursor_of_another_log' }),
    );
  });

  test('E7: what is no cursor of this log is refused, and never misread', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    for (let round = 0; round < 3; round++) {
      // A tick that might have had more events than it has.
      const failing = ledger.change([1, 2, 3, 4, 5], { after: () => Promise.reject(new Error('rolled back')) });
      await expect(failing).rejects.toThrow('rolled back');
      await ledger.change([1, 2]);
      await nextTick(eventLog);
    }
    const { epoch, tick } = await eventLog.head();
    const [, , event] = (await readAll(eventLog)).events;
    const eventTick = event?.position.split('.')[1];
    const places = [
      '',
      'x',
      `${epoch}`,
      `${epoch}.1`,
      `${epoch}.-1.0`,
      `${epoch}.1.0.0`,
      `${epoch}.1e3.0`,
      `${epoch}.${'9'.repeat(20)}.0`,
      ` ${epoch}.1.0`,
    ];
    const beyond = [
      `${epoch}.${tick + 1_000_000}.0`,
      `${epoch}.${tick}.7`,
      `${epoch}.${eventTick}.3`,
      `${epoch}.${eventTick}.999999999999999`,
    ];
    for (const cursor of [...places, ...beyond]) {
      const refused = { code: 'invalid_cursor', status: 400 };
      await expect(eventLog.read(cursor as Position), cursor).rejects.toMatchObject(refused);
      await expect(eventLog.timeOf(cursor as Position), cursor).rejects.toMatchObject(refused);
    }
  });

  test('E7: the head is a cursor behind everything, and a position knows its time', async () => {
    const { eventLog, database } = harness();
    const ledger = createLedger(database, eventLog);
    await ledger.change([1, 2]);
    await nextTick(eventLog);
    const head = await eventLog.head();
    expect((await eventLog.read(head.position)).events).toEqual([]);
    expect(await eventLog.timeOf(head.position)).toBe(head.at);
    await ledger.change([3]);
    await nextTick(eventLog);
    const batch = await eventLog.read(head.position);
    expect(batch.events.map(({ data }) => data?.key)).toEqual([3]);
    expect(await eventLog.timeOf(batch.cursor)).toBe(batch.at);
    const within = await eventLog.read(null, { limit: 1 });
    expect(within.cursor).toMatch(/\.1$/);
    expect((await eventLog.timeOf(within.cursor)) < within.at).toBe(true);
  });

  test('a token tells whether a tick contains its write', async () => {
    const { eventLog, database, secondInstance } = harness();
    const other = await secondInstance();
    const gate = createGate();
    const before = await eventLog.head();
    const open = database.write([WORKSPACE], (transaction) => {
      void transaction;
      return gate.pass();
    });
    const { token } = await database.write([WORKSPACE], () => Promise.resolve());
    await nextTick(eventLog);
    const after = await eventLog.head();
    gate.open();
    const { token: late } = await open;

    const write = eventLog.decodeToken(eventLog.encodeToken(token));
    const lateWrite = other.decodeToken(eventLog.encodeToken(late));
    expect(write).toEqual({ epoch: after.epoch, ...token });
    expect(await eventLog.contains(before.tick, write)).toBe(false);
    expect(await eventLog.contains(after.tick, write)).toBe(true);
    expect(await eventLog.contains(after.tick, lateWrite)).toBe(false);
    await until(async () => other.contains((await other.head()).tick, lateWrite), 'a tick that contains the late write');
    for (const token of ['', 'x', 'aGVsbG8', `${eventLog.encodeToken(late)}A`, eventLog.encodeToken(late).slice(1), 'x'.repeat(10_000)]) {
      expect(() => eventLog.decodeToken(token)).toThrow(expect.objectContaining({ code: 'invalid_token', status: 400 }));
    }
  });

  test('waiting for a tick ends with it, with the time given, or with the abort', async () => {
    const { eventLog } = harness();
    const { tick } = await eventLog.head();
    await eventLog.waitForTick(tick - 1, 60_000);
    await eventLog.waitForTick(tick + 1_000_000, 1);
    await eventLog.waitForTick(tick + 1_000_000, 60_000, AbortSignal.abort());
    const controller = new AbortController();
    const waiting = eventLog.waitForTick(tick + 1_000_000, 60_000, controller.signal);
    controller.abort();
    await waiting;
    eventLog.wake();
    await eventLog.waitForTick((await eventLog.head()).tick, 60_000);
  });
}
