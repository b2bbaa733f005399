import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePoison } from './testing/set-aside.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const WON = { metrics: ['deals_won'] };
const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };
/** More digits than money has: the catalog would reject it. */
const SPOILT = { amount: '1.23456' };

describe('answers while events stand aside', () => {
  let test: TestPlatform;

  beforeAll(async () => {
    test = await openTestPlatform();
    await test.ask(WON, { after: await test.apply('deal', 'first', deal) });
  });
  afterAll(() => test.close());

  const wonNow = async (after?: string) => (await test.ask(WON, { after })).rows[0]?.[0];

  it('as of a past moment change when what stood aside then is replayed', async () => {
    const poison = await writePoison(test, () => test.write('deal', 'late', deal), SPOILT);
    const before = await wonNow(await test.apply('deal', 'second', deal));
    const { freshness } = await test.ask(WON);
    const asOf = { ...WON, as_of: freshness.complete_to };
    expect((await test.ask(asOf)).rows).toEqual([[before]]);
    expect((await test.ask(asOf)).cache.tier).toBe('L1');

    await poison.mend();
    expect(await test.platform.eventLog.replay('warehouse')).toEqual({ succeeded: 1, failed: 0 });
    const after = [[Number(before) + 1]];
    expect((await test.ask(WON)).rows).toEqual(after);
    expect((await test.ask(asOf)).rows).toEqual(after);
  });

  it('say that they are incomplete from the first one on that is beyond such an event, also after a start', async () => {
    const poison = await writePoison(test, () => test.write('deal', 'poison', deal), SPOILT);
    const incomplete = { state: 'incomplete', set_aside: 1 };
    expect((await test.ask(WON, { after: await test.apply('deal', 'beyond', deal) })).freshness).toMatchObject(incomplete);
    await test.restart();
    expect((await test.ask(WON)).freshness).toMatchObject(incomplete);
    // A later event of its record waits behind it.
    expect((await test.ask(WON, { after: await test.apply('deal', 'poison', { ...deal, amount: '2' }) })).freshness).toMatchObject({
      ...incomplete,
      set_aside: 2,
    });
    const metrics = () => test.platform.observability.metrics.render();
    expect(await metrics()).toContain('sophia_log_group_set_aside_events{group="warehouse"} 2');
    await poison.mend();
    await test.platform.eventLog.replay('warehouse');
    const after = await test.apply('deal', 'then', deal);
    expect((await test.ask(WON, { after })).freshness).toMatchObject({ state: 'complete' });
    expect(await metrics()).toMatch(/sophia_projection_batch_duration_seconds_count [1-9]/);
  });

  it('say that they are incomplete while a definition of a type that they read stands aside', async () => {
    const define = () =>
      test.platform.catalog.recordTypes.define(test.call, 'deal', { type: 'object', properties: { region: { type: 'string' } } });
    const poison = await writePoison(test, define, { fields: [{ name: 'version', type: 'text' }] });
    const { freshness } = await test.ask(WON, { after: await test.apply('deal', 'after the definition', deal) });
    expect(freshness).toMatchObject({ state: 'incomplete', set_aside: 1 });
    await poison.mend();
    await test.platform.eventLog.replay('warehouse');
  });
});
