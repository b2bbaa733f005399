import { createTestObservability } from '@sophia/observability/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AuthHarness, createAuthHarness } from '../testing/auth-harness.ts';
import { intercept } from '../testing/intercept.ts';
import { createAuditDays } from './audit-days.ts';

const DAY = 86_400_000;
const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);

describe('the days of the audit', () => {
  let harness: AuthHarness;
  beforeEach(async () => {
    harness = await createAuthHarness();
  });
  afterEach(() => harness.close());

  const partitions = async (): Promise<string[]> => {
    const rows = await harness.database.select<{ name: string }>([], {
      name: 'test_partitions',
      text: `select replace(right(c.relname, 10), '_', '-') as name from pg_inherits join pg_class c on c.oid = inhrelid
        where inhparent = 'audit_entry'::regclass and c.relname <> 'audit_entry_other' order by 1`,
    });
    return rows.map(({ name }) => name);
  };
  const entriesOutsideOfDays = async (): Promise<number | undefined> => {
    const text = `select count(*)::int4 as entries from audit_entry where tableoid = 'audit_entry_other'::regclass`;
    const [row] = await harness.database.select<{ entries: number }>([harness.main.id], { name: 'test_other', text });
    return row?.entries;
  };
  const days = () =>
    createAuditDays({ database: harness.database, clock: harness.clock, observability: harness.observability, retentionDays: 30 });

  it('have a partition from yesterday to a week ahead', async () => {
    const today = harness.clock.now();
    expect(await partitions()).toEqual(Array.from({ length: 9 }, (_, index) => dayOf(today + (index - 1) * DAY)));
  });

  it('are made as time goes on, and dropped with their entries when they are past keeping', async () => {
    const call = harness.owner;
    await harness.auth.audit.write({ call, action: 'read', object: 'old', milliseconds: 1 });
    harness.clock.advance(31 * DAY);
    await harness.auth.audit.write({ call, action: 'read', object: 'without a partition', milliseconds: 1 });
    expect(await entriesOutsideOfDays()).toBe(1);
    const tended = days();
    await Promise.all([tended.tend(), tended.tend()]);
    await tended.close();
    const today = harness.clock.now();
    expect((await partitions()).at(-1)).toBe(dayOf(today + 7 * DAY));
    expect(await partitions()).not.toContain(dayOf(today - 31 * DAY));
    const { entries } = await harness.auth.audit.list(call);
    const objects = entries.map(({ object }) => object);
    expect(objects).toContain('without a partition');
    // It stood in no day's partition, and moved into its own when that was made.
    expect(await entriesOutsideOfDays()).toBe(0);
    expect(objects).not.toContain('old');
  });

  it('are tended each hour, and a failure is said', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const write = () => Promise.reject(new Error('no database'));
    const observability = createTestObservability();
    const tended = createAuditDays({
      database: intercept(harness.database, { write }),
      clock: harness.clock,
      observability,
      retentionDays: 30,
    });
    vi.advanceTimersByTime(3_600_000);
    await tended.close();
    vi.useRealTimers();
    expect(observability.lines()).toContainEqual(expect.objectContaining({ msg: 'the partitions of the audit could not be kept' }));
    await observability.close();
  });

  it('cannot be touched by the application itself', async () => {
    const [partition] = await partitions();
    const table = `audit_entry_${partition?.replaceAll('-', '_')}`;
    const drop = harness.database.write([], (transaction) =>
      harness.database.query(transaction, { name: 'test_drop', text: `drop table ${table}` }),
    );
    await expect(drop).rejects.toThrow();
    const read = harness.database.select([harness.main.id], { name: 'test_read', text: `select from ${table}` });
    await expect(read).rejects.toThrow();
    const change = harness.database.write([harness.main.id], (transaction) =>
      harness.database.query(transaction, { name: 'test_change', text: `update audit_entry set principal = 'nobody'` }),
    );
    await expect(change).rejects.toThrow();
  });
});
