import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform();
});
afterAll(() => test.close());

it('after a clock was ahead answers go on, and health and metrics say how far ahead the log is', async () => {
  await test.apply('deal', 'before', { name: 'before' });
  const isAhead = async () => {
    await test.sql(`insert into tick (tick, snapshot, complete_to, at, floor, ceiling)
      select tick + 1, pg_current_snapshot(), now() + interval '1 hour', now() + interval '1 hour', floor,
        coalesce(pg_sequence_last_value('event_position_seq'), 0)
      from tick order by tick.tick desc limit 1 on conflict do nothing`);
    return Date.parse((await test.platform.eventLog.head()).completeTo) > Date.now() + 3_000_000;
  };
  // A tick may be made meanwhile.
  await expect.poll(isAhead).toBe(true);
  const after = await test.apply('deal', 'now', { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' });

  expect((await test.ask({ metrics: ['deals_won'] }, { after })).rows).toEqual([[1]]);
  expect(await test.platform.observability.metrics.render()).toMatch(/^sophia_log_clock_ahead_seconds 3\d{3}\b/m);
  const { status, dependencies } = await test.platform.health();
  const log = dependencies.find(({ name }) => name === 'event log');
  expect([status, log?.state]).toEqual(['ready', 'up']);
  expect(log?.ahead_seconds).toBeGreaterThan(3_000);
});
