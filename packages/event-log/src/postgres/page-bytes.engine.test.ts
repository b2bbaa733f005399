import { PAGE_BYTES } from '@sophia/database';
import type { EventFact, LogEvent, Position } from '@sophia/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EventLog, ReadOptions } from '../event-log.ts';
import { nextTick, until } from '../testing/conditions.ts';
import { changeOf, eventOf, WORKSPACE } from '../testing/ledger.ts';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';
import { BATCH } from './bounded-rows.ts';
import { type ExportedLine, exportLog, importLog } from './index.ts';

let harness: PostgresHarness;
const others: PostgresHarness[] = [];
beforeEach(async () => {
  harness = await createPostgresHarness();
});
afterEach(async () => {
  for (const each of [harness, ...others.splice(0)]) await each.close();
});

const LARGE = 2_000_000;

/** Of two kinds, one after the other. */
const written = Array.from({ length: 22 }, (_, key) => ({ key, version: 1 + (key % 2) }));

/** Eight ticks of one event, and one of many. */
const writeLarge = async () => {
  const { database, eventLog } = harness;
  const append = (changes: typeof written) => {
    const events = changes.map((change) => ({ ...eventOf(change), data: { ...change, text: 'x'.repeat(LARGE) } }));
    return database.write([WORKSPACE], (transaction) => eventLog.append(transaction, events));
  };
  for (const change of written.slice(0, 8)) {
    await append([change]);
    await nextTick(eventLog);
  }
  await append(written.slice(8));
  await nextTick(eventLog);
};

/** Each as what it was read with. */
const exported = ({ deliveries }: PostgresHarness): Promise<(readonly ExportedLine[])[]> =>
  deliveries.read([], async (transaction) => {
    const portions: (readonly ExportedLine[])[] = [];
    for await (const lines of exportLog(deliveries, transaction)) portions.push(lines);
    return portions;
  });

const restored = async (lines: readonly ExportedLine[]): Promise<EventLog> => {
  const other = await createPostgresHarness();
  others.push(other);
  await other.eventLog.close();
  await importLog(other.deliveries, lines);
  return other.secondInstance();
};

const largest = (batches: readonly (readonly unknown[])[]): number => Math.max(...batches.map(({ length }) => length * LARGE));

test('a page of events ends at about 8 MB, whether its events are of one tick or of many or restored, and whatever its filters leave out', async () => {
  await writeLarge();
  const portions = await exported(harness);
  const isEvent = (line: ExportedLine): boolean => 'event' in line;
  expect(largest(portions.map((lines) => lines.filter(isEvent)))).toBeLessThan(PAGE_BYTES + LARGE);

  const pagesOf = async (eventLog: EventLog, options: ReadOptions) => {
    const found: (readonly LogEvent[])[] = [];
    let cursor: Position | null = null;
    for (let more = true; more; ) {
      const page = await eventLog.read(cursor, options);
      found.push(page.events);
      ({ cursor, more } = page);
    }
    return found;
  };
  for (const eventLog of [harness.eventLog, await restored(portions.flat())]) {
    for (const options of [{}, { limit: 3, kinds: ['record.created'], workspace: WORKSPACE }]) {
      const found = await pagesOf(eventLog, options);
      const wanted = written.filter(
        ({ version }) => options.kinds === undefined || options.kinds.includes(eventOf({ key: 0, version }).kind),
      );
      expect(found.flat().map(changeOf)).toEqual(wanted);
      expect(largest(found)).toBeLessThan(PAGE_BYTES + LARGE);
    }
  }
});

test('a batch that is handed over ends at about 32 MB, in a log as it was written and in a restored one', async () => {
  await writeLarge();
  for (const eventLog of [harness.eventLog, await restored((await exported(harness)).flat())]) {
    const batches: (readonly EventFact[])[] = [];
    const member = await eventLog.consumeFacts('group', async ({ events }) => {
      batches.push(events);
    });
    await until(() => batches.flat().length === written.length, 'every event');
    await member.close();
    expect(batches.flat().map(changeOf)).toEqual(written);
    expect(largest(batches)).toBeLessThan(BATCH.bytes + LARGE);
  }
});

test('a filtered page that is gathered from several ticks ends at its bytes, too', async () => {
  const { database, eventLog } = harness;
  for (const key of [1, 3, 5]) {
    const events = [key, key + 1].map((each) => ({ ...eventOf({ key: each, version: 1 }), data: { key: each, text: 'x'.repeat(1_000) } }));
    await database.write([WORKSPACE], (transaction) => eventLog.append(transaction, events));
    await nextTick(eventLog);
  }
  const pages: unknown[][] = [];
  for (let cursor: Position | null = null; ; ) {
    const page = await eventLog.read(cursor, { workspace: WORKSPACE, limit: 3, bytes: 3_000 });
    pages.push(page.events.map(({ data }) => data?.key));
    if (!page.more) break;
    cursor = page.cursor;
  }
  // Idle ticks may end in a page without events.
  expect(pages.filter(({ length }) => length > 0)).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});
