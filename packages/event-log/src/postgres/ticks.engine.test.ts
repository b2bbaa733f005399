import type { Database } from '@sophia/database';
import { createTestObservability } from '@sophia/observability/testing';
import { formatMicros, parseMicros, seededRandom, systemSleep } from '@sophia/shared';
import type { Position } from '@sophia/types';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextTick, readAll, until } from '../testing/conditions.ts';
import { changeOf, createLedger, eventOf, WORKSPACE } from '../testing/ledger.ts';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';
import { keepHouse, startHousekeeping } from './housekeeping.ts';
import { contains, parseSnapshot } from './snapshot.ts';

let harness: PostgresHarness;
let owner: Database;
beforeEach(async () => {
  harness = await createPostgresHarness();
  owner = await harness.testDatabase.open('owner');
});
afterEach(() => harness.close());

const run = async <Row extends object>(name: string, text: string, values: readonly unknown[] = []) =>
  (await owner.write([WORKSPACE], (transaction) => owner.query<Row>(transaction, { name: `test_${name}`, text }, values))).value;

interface StoredTick {
  readonly tick: string;
  readonly snapshot: string;
  readonly at: string;
  readonly complete_to: string;
}
const storedTicks = () => run<StoredTick>('ticks', 'select tick, snapshot, at, complete_to from tick order by tick');

test('whatever was committed before complete_to is in the snapshot of its tick', async () => {
  const { database, eventLog } = harness;
  const random = seededRandom(1);
  const writes: { readonly transaction: number; readonly acknowledged: string }[] = [];
  const writers = Array.from({ length: 6 }, async () => {
    for (let count = 0; count < 80; count++) {
      const { token } = await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, [eventOf({ key: 1, version: 1 })]));
      const [clock] = await database.select<{ now: string }>([], { name: 'test_clock', text: 'select clock_timestamp() as now' });
      writes.push({ transaction: Number(token.transactionId), acknowledged: clock?.now ?? '' });
      eventLog.wake();
      await systemSleep(Math.floor(random() * 4));
    }
  });
  await Promise.all(writers);
  await nextTick(eventLog);

  const ticks = await storedTicks();
  const byTick = ticks.map(({ complete_to, snapshot }) => ({ complete_to, snapshot: parseSnapshot(snapshot) }));
  for (const { transaction, acknowledged } of writes) {
    const missing = byTick.find((tick) => tick.complete_to > acknowledged && !contains(tick.snapshot, transaction));
    expect(missing).toBeUndefined();
  }
  expect(byTick.filter(({ complete_to }) => complete_to > (writes[0]?.acknowledged ?? '')).length).toBeGreaterThan(10);
});

test('the times of ticks never go back, also when the clock does', async () => {
  const { eventLog } = harness;
  const before = await eventLog.head();
  const future = formatMicros((parseMicros(before.at) ?? 0n) + 3_600_000_000n);
  await owner.write([], async (transaction) => {
    // Whoever makes a tick meanwhile has looked at the one before already, or waits.
    await owner.query(transaction, { name: 'test_no_ticks', text: 'lock table tick in exclusive mode' });
    const text = `insert into tick (tick, snapshot, complete_to, at, floor, ceiling)
      select tick + 1, pg_current_snapshot(), $1, $1, floor, coalesce(pg_sequence_last_value('event_position_seq'), 0)
      from tick order by tick.tick desc limit 1`;
    await owner.query(transaction, { name: 'test_clock', text }, [future]);
  });
  await nextTick(eventLog);
  const ticks = (await storedTicks()).filter(({ at }) => at >= future);
  expect(ticks.length).toBeGreaterThan(1);
  expect(ticks.every(({ complete_to }) => complete_to === future)).toBe(true);
  expect(ticks.map(({ at }) => at)).toEqual([...new Set(ticks.map(({ at }) => at))].sort());
});

test('several processes that make ticks at once make one sequence of growing snapshots', async () => {
  const { deliveries, eventLog, database } = harness;
  const ledger = createLedger(database, eventLog);
  const makers = Array.from({ length: 4 }, async () => {
    const session = await deliveries.openSession();
    for (let count = 0; count < 30; count++) {
      await session.query(MAKE_TICK).catch((error: unknown) => expect(error).toMatchObject({ details: { sql_state: '23505' } }));
      await ledger.change([1, 2]);
    }
    await session.close();
  });
  await Promise.all(makers);
  await nextTick(eventLog);
  const ticks = await storedTicks();
  expect(ticks.map(({ tick }) => Number(tick))).toEqual(ticks.map((_, index) => index));
  for (const [index, { snapshot }] of ticks.entries()) {
    const before = parseSnapshot(ticks[index - 1]?.snapshot ?? '3:3:');
    expect(parseSnapshot(snapshot).maximum).toBeGreaterThanOrEqual(before.maximum);
  }
  expect((await readAll(eventLog)).events.map(changeOf)).toHaveLength(240);
});

test('a tick is refused in a transaction that has an id', async () => {
  const { deliveries } = harness;
  const late = deliveries.write([], (transaction) => deliveries.query(transaction, MAKE_TICK));
  await expect(late).rejects.toThrow('a tick is made in a transaction of its own');
});

test('ticks without events are pruned after a while; cursors that stand in them stay good', async () => {
  const { eventLog, database, deliveries } = harness;
  const ledger = createLedger(database, eventLog);
  const cursors = [];
  for (let key = 0; key < 5; key++) {
    await ledger.change([key]);
    await nextTick(eventLog);
    cursors.push((await eventLog.head()).position);
    for (let count = 0; count < 4; count++) await nextTick(eventLog);
    cursors.push((await eventLog.head()).position);
  }
  const before = await readAll(eventLog);
  const count = async () => (await storedTicks()).length;
  const ticksBefore = await count();
  await keepHouse(deliveries, 30);
  expect(await count()).toBeGreaterThanOrEqual(ticksBefore);

  await keepHouse(deliveries, 30, 0);
  await keepHouse(deliveries, 30, 0);
  const left = await storedTicks();
  // The first, the newest ones, and those with events.
  expect(left.length).toBeLessThan(ticksBefore - 20);
  const other = await harness.secondInstance();
  expect((await readAll(other)).events).toEqual(before.events);
  for (const [index, cursor] of cursors.entries()) {
    expect((await readAll(other, cursor)).events).toEqual(before.events.slice(Math.floor(index / 2) + 1));
    expect((await other.timeOf(cursor)) <= (await eventLog.timeOf(cursor))).toBe(true);
    // Behind the first event of a tick that had none, which is not the next one's first.
    const within = cursor.replace(/\.0$/, '.1') as Position;
    if (index % 2 === 0) await expect(other.read(within)).rejects.toMatchObject({ code: 'invalid_cursor' });
  }
  await ledger.change([9]);
  await nextTick(other);
  expect((await readAll(other)).events).toHaveLength(6);
});

test('events of a writer that was open while ticks were pruned are not lost', async () => {
  const { eventLog, database, deliveries } = harness;
  const ledger = createLedger(database, eventLog);
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const slow = ledger.change([1], {
    after: () => {
      opened.resolve();
      return closed.promise;
    },
  });
  await opened.promise;
  for (let count = 0; count < 5; count++) await nextTick(eventLog);
  await keepHouse(deliveries, 30, 0);
  closed.resolve();
  await slow;
  await nextTick(eventLog);
  await nextTick(eventLog);
  await keepHouse(deliveries, 30, 0);
  expect((await readAll(await harness.secondInstance())).events.map(changeOf)).toEqual([{ key: 1, version: 1 }]);
});

test('partitions are made before they are needed, and reading passes from one to the next', async () => {
  const { eventLog, database, deliveries } = harness;
  const ledger = createLedger(database, eventLog);
  const partitions = async () => (await run('partitions', `select from pg_inherits where inhparent = 'event'::regclass`)).length;
  expect(await partitions()).toBe(5);
  await run('jump', `select setval('event_position_seq', 39999950)`);
  await keepHouse(deliveries, 30);
  expect(await partitions()).toBe(8);
  await keepHouse(deliveries, 30);
  expect(await partitions()).toBe(8);

  await ledger.change(Array.from({ length: 90 }, (_, key) => key));
  await ledger.change([1, 2, 3]);
  await nextTick(eventLog);
  const { events } = await readAll(eventLog);
  expect(events).toHaveLength(93);
  expect((await readAll(await harness.secondInstance(), null, 20)).events).toEqual(events);
  const places = await run<{ tableoid: string }>('places', 'select distinct tableoid::regclass::text from event order by 1');
  expect(places.map(({ tableoid }) => tableoid)).toEqual(['event_p3', 'event_p4']);
});

test('after the retention passing events say nothing any more and keep their places; record changes are kept', async () => {
  const { eventLog, database, deliveries } = harness;
  const sync = { ...eventOf({ key: 1, version: 1 }), kind: 'sync.finished' as const, record: null, version: null };
  const type = { ...sync, kind: 'record_type.changed' as const };
  await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, [eventOf({ key: 1, version: 1 }), sync, type]));
  await nextTick(eventLog);
  const { events } = await readAll(eventLog);
  await keepHouse(deliveries, 1);
  expect((await readAll(eventLog)).events).toEqual(events);
  await nextTick(eventLog);
  // As if 25 hours had passed since.
  await run('age', "update tick set at = at - interval '25 hours' where tick <= $1", [events[0]?.position.split('.')[1]]);
  await keepHouse(deliveries, 2);
  expect((await readAll(eventLog)).events).toEqual(events);
  await keepHouse(deliveries, 1);
  const blank = { data: null, previous: null, original: null };
  expect((await readAll(eventLog)).events).toEqual(
    events.map((event) => (event.kind === 'sync.finished' ? { ...event, ...blank } : event)),
  );
});

test('the transactions that ended between two snapshots are those that the newer one sees and the older does not', async () => {
  const snapshot = fc
    .tuple(fc.integer({ min: 3, max: 30 }), fc.uniqueArray(fc.nat(25), { maxLength: 8 }), fc.nat(6))
    .map(([minimum, distances, rest]) => {
      const running = distances.map((distance) => minimum + distance).sort((a, b) => a - b);
      return { running, maximum: (running[running.length - 1] ?? minimum) + 1 + rest, minimum };
    });
  const textOf = ({ minimum, maximum, running }: { minimum: number; maximum: number; running: number[] }) =>
    `${running[0] ?? Math.max(minimum, maximum)}:${maximum}:${running.join(',')}`;
  await fc.assert(
    fc.asyncProperty(snapshot, snapshot, async (first, second) => {
      const older = parseSnapshot(textOf(first));
      // What had ended stays ended, and time goes on.
      const stillRunning = second.running.filter((transaction) => !contains(older, transaction));
      const maximum = Math.max(first.maximum, second.maximum);
      const newer = parseSnapshot(textOf({ running: stillRunning, maximum, minimum: maximum }));
      const spans = await harness.deliveries.select<{ low: string; high: string }>([], ENDED, [older.text, newer.text]);
      const ended = spans.flatMap(({ low, high }) => range(Number(low), Number(high))).sort((a, b) => a - b);
      expect(ended).toEqual(range(0, maximum + 5).filter((transaction) => contains(newer, transaction) && !contains(older, transaction)));
    }),
    { numRuns: 200, seed: 20_261_121 },
  );
});

test('a large transaction that stays open costs the readers of other events nothing', async () => {
  const { eventLog, database } = harness;
  const many = Array.from({ length: 40_000 }, (_, key) => eventOf({ key, version: 1 }));
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const large = database.write(
    [WORKSPACE],
    async (transaction) => {
      await eventLog.append(transaction, many);
      opened.resolve();
      await closed.promise;
    },
    { deadline: 60_000 },
  );
  await opened.promise;
  const ledger = createLedger(database, eventLog);
  for (let round = 0; round < 5; round++) {
    await nextTick(eventLog);
    await ledger.change([round]);
  }
  await nextTick(eventLog);
  const ticks = await run<StoredTick & { floor: string; ceiling: string }>('wide_ticks', 'select * from tick order by tick');
  for (const [index, newer] of ticks.entries()) {
    const older = ticks[index - 1];
    if (older === undefined) continue;
    const [plan] = await run<{ 'QUERY PLAN': readonly [{ readonly Plan: { readonly 'Shared Hit Blocks': number } }] }>(
      `buffers_${index}`,
      `explain (analyze, buffers, format json) select * from read_event_range('${older.snapshot}', '${newer.snapshot}', ${older.floor}, ${newer.ceiling}, 1000)`,
    );
    // The first plan on a connection reads some 400 blocks of the catalog; the 40,000 events stand in some 1,800.
    expect(plan?.['QUERY PLAN'][0].Plan['Shared Hit Blocks']).toBeLessThan(900);
  }
  closed.resolve();
  await large;
  await nextTick(eventLog);
  expect(await eventLog.lag()).toEqual([]);
  const { events } = await readAll(eventLog, null, 5_000);
  expect(events).toHaveLength(40_005);
  const member = await eventLog.consume('group', () => Promise.reject(new Error('not now')), { attempts: 1_000 });
  expect(await eventLog.lag()).toMatchObject([{ events: 40_005 }]);
  await member.close();
});

test('housekeeping that fails is told and tried again', async () => {
  const { deliveries } = harness;
  const observability = createTestObservability();
  await run('break_house', 'alter table event_log_housekeeping rename to elsewhere');
  const house = startHousekeeping({
    log: deliveries,
    logger: observability.logger,
    isElected: () => true,
    retentionDays: 30,
    intervalMs: 5,
  });
  await until(() => observability.lines().length > 1, 'two failures that are told');
  await house.close();
});

test('an event that cannot be set aside for want of a right is set aside when there is one', async () => {
  const { eventLog, database, lines } = harness;
  const ledger = createLedger(database, eventLog);
  await run('revoke', 'revoke insert on event_set_aside from sophia_log');
  const member = await eventLog.consume(
    'group',
    ({ events }) => (events.length > 0 ? Promise.reject(new Error('poison')) : Promise.resolve()),
    {
      attempts: 1,
      retryDelay: 1,
    },
  );
  await ledger.change([1]);
  await until(() => lines().some(({ msg }) => msg === 'a consumer could not set an event aside and tries again'), 'a failure that is told');
  await run('grant', 'grant insert on event_set_aside to sophia_log');
  await until(async () => (await eventLog.setAside('group')).length === 1, 'the event set aside');
  await member.close();
});

test('ticks of others that cannot be read are told, and read later', async () => {
  const { eventLog, lines } = harness;
  await until(() => eventLog.isTicker, 'a ticker');
  await run('revoke_ticks', 'revoke select on tick from sophia_log');
  await run('notify', `select pg_notify('sophia_tick', '1000000 another')`);
  await until(() => lines().some(({ msg }) => msg === 'ticks could not be read'), 'a failure that is told');
  await run('grant_ticks', 'grant select on tick to sophia_log');
  await nextTick(eventLog);
});

test('a database without an installation is refused', async () => {
  await run('uninstall', 'delete from installation');
  await expect(harness.secondInstance()).rejects.toMatchObject({ code: 'database_error' });
});

test('what keeps house is the process that makes the ticks, and a failure is told and tried again', async () => {
  const { eventLog, lines } = harness;
  const other = await harness.secondInstance();
  await until(() => eventLog.isTicker, 'a ticker');
  expect(other.isTicker).toBe(false);
  await eventLog.close();
  await until(() => other.isTicker, 'another ticker');
  await run('break', 'alter table tick rename to tock');
  await until(() => lines().some(({ msg }) => msg === 'no tick could be made'), 'a failure that is told');
  await run('mend', 'alter table tock rename to tick');
  const { tick } = await other.head();
  await until(async () => (await other.head()).tick > tick + 1, 'ticks again');
  expect(lines()).toContainEqual(expect.objectContaining({ msg: 'ticks can be made again' }));
});

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);

const MAKE_TICK = { name: 'test_make_tick', text: 'select tick from make_tick()' };
const ENDED = { name: 'test_ended', text: 'select low, high from ended_between($1, $2)' };
