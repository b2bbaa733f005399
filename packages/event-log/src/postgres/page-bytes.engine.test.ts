import { PAGE_BYTES } from '@sophia/database';
import type { LogEvent, Position } from '@sophia/types';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReadOptions } from '../event-log.ts';
import { nextTick } from '../testing/conditions.ts';
import { changeOf, eventOf, WORKSPACE } from '../testing/ledger.ts';
import { createPostgresHarness, type PostgresHarness } from '../testing/postgres-harness.ts';

let harness: PostgresHarness;
beforeEach(async () => {
  harness = await createPostgresHarness();
});
afterEach(() => harness.close());

const LARGE = 2_000_000;

test('a page of events ends at about 8 MB, whether its events are of one tick or of many, and whatever its filters leave out', async () => {
  const { database, eventLog } = harness;
  // Of two kinds, one after the other.
  const written = Array.from({ length: 13 }, (_, key) => ({ key, version: 1 + (key % 2) }));
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

  const pages = async (options: ReadOptions) => {
    const found: (readonly LogEvent[])[] = [];
    let cursor: Position | null = null;
    for (let more = true; more; ) {
      const page = await eventLog.read(cursor, { ...options, workspace: WORKSPACE, isPage: true });
      found.push(page.events);
      ({ cursor, more } = page);
    }
    return found;
  };
  for (const options of [{}, { limit: 3, kinds: ['record.created'] }]) {
    const found = await pages(options);
    const wanted = written.filter(
      ({ version }) => options.kinds === undefined || options.kinds.includes(eventOf({ key: 0, version }).kind),
    );
    expect(found.flat().map(changeOf)).toEqual(wanted);
    const largest = Math.max(...found.map((events) => events.length * LARGE));
    expect(largest).toBeLessThan(PAGE_BYTES + LARGE);
  }
});
