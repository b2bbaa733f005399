import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whileHeld, writePoison } from './testing/set-aside.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const WON = { metrics: ['deals_won'] };
const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };

describe('a rebuild of the warehouse', () => {
  let test: TestPlatform;

  beforeAll(async () => {
    test = await openTestPlatform();
    await test.ask(WON, { after: await test.apply('deal', 'first', deal) });
  });
  afterAll(() => test.close());

  const won = async (after?: string) => Number((await test.ask(WON, { after, cache: 'bypass' })).rows[0]?.[0]);

  it('goes no further than the warehouse in use, which may be behind the log', async () => {
    const before = await won();
    const after = await whileHeld(test, async () => {
      const token = await test.write('deal', 'not yet applied', deal);
      await test.platform.analytics.rebuild(test.call);
      return token;
    });
    expect(await won(after)).toBe(before + 1);
  });

  it('succeeds while writers are at work', async () => {
    let isWriting = true;
    const write = async (writer: number): Promise<number> => {
      let written = 0;
      for (; isWriting; written += 1) await test.write('deal', `writer-${writer}-${written}`, deal);
      return written;
    };
    const before = await won();
    const writing = [1, 2, 3, 4].map(write);
    try {
      for (let round = 0; round < 3; round += 1) await test.platform.analytics.rebuild(test.call);
    } finally {
      isWriting = false;
    }
    const written = (await Promise.all(writing)).reduce((sum, count) => sum + count, 0);
    expect(await won(await test.apply('deal', 'last', deal))).toBe(before + written + 1);
  });

  it('that differs from the warehouse in use is refused with the tables, and the one in use stays', async () => {
    const before = await won(await test.apply('deal', 'differs', deal));
    const change = (amount: string) =>
      test.sql("update event set data = data || jsonb_build_object('amount', $1::text) where source_id = 'differs'", [amount]);
    await change('2');
    const { generation } = await test.platform.analytics.status();
    await expect(test.platform.analytics.rebuild(test.call)).rejects.toMatchObject({
      code: 'rebuild_differs',
      message: expect.stringContaining('deal (current)'),
      details: { differences: [{ recordType: 'deal', part: 'current', live: expect.anything(), rebuilt: expect.anything() }] },
    });
    expect((await test.platform.analytics.status()).generation).toBe(generation);
    expect(await won(await test.apply('deal', 'after the refusal', deal))).toBe(before + 1);
    await change('1');
    expect((await test.platform.analytics.rebuild(test.call)).generation).toBeGreaterThan(generation);
    expect(await won()).toBe(before + 1);
  });

  it('is refused while another one is under way, which succeeds', async () => {
    const { analytics } = test.platform;
    let second: Promise<unknown> | undefined;
    await analytics.rebuild(test.call, () => {
      second ??= analytics.rebuild(test.call).catch((error: unknown) => error);
    });
    expect(await second).toMatchObject({ code: 'rebuild_running' });
    await analytics.rebuild(test.call);
  });

  it('is refused with the error of an event that stands aside; a warehouse that is gone is made anew around it', async () => {
    const poison = await writePoison(test, () => test.write('deal', 'poison', deal), { amount: '1.23456' });
    const before = await won(await test.apply('deal', 'beyond', deal));
    await expect(test.platform.analytics.rebuild(test.call)).rejects.toMatchObject({ code: 'warehouse_row_refused' });
    expect(await won()).toBe(before);

    await test.restart(async ({ warehouse }) => rm(warehouse.directory, { recursive: true }));
    const { rows, freshness } = await test.ask(WON, { after: await test.apply('deal', 'anew', deal) });
    expect([Number(rows[0]?.[0]), freshness.state, freshness.set_aside]).toEqual([before + 1, 'incomplete', 1]);
    await poison.mend();
    expect(await test.platform.eventLog.replay('warehouse')).toEqual({ succeeded: 1, failed: 0 });
    expect(await won()).toBe(before + 2);
    await test.platform.analytics.rebuild(test.call);
  });
});
