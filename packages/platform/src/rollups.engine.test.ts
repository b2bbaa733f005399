import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const QUERY = { metrics: ['deals_won'], dimensions: ['deal.close_date:quarter'] };
const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };

let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform();
});
afterAll(() => test.close());

it('questions of a rollup that can no longer be refreshed are answered from the records at once', async () => {
  const { analytics, warehouse } = test.platform;
  await test.ask(QUERY, { after: await test.write('deal', 'first', deal) });
  expect((await analytics.explain(test.call, QUERY)).rollup).toBe('won_by_month');

  const tables = warehouse.derivedTables();
  expect(tables.length).toBeGreaterThan(0);
  await warehouse.setDerivedTables([]);
  const reads = [{ workspace: test.workspace.id, recordType: 'deal' }];
  const unrefreshable = tables.map(({ name, fingerprint }) => ({
    name,
    fingerprint,
    reads,
    create: [{ text: `create table "${name}" as select 1 as one`, parameters: [] }],
    refresh: [{ text: "select error('it cannot be refreshed')", parameters: [] }],
  }));
  await warehouse.setDerivedTables(unrefreshable);
  const after = await test.write('deal', 'second', deal);
  expect((await test.ask(QUERY, { after })).rows).toEqual([['2017-04-01', 2]]);
  expect((await analytics.explain(test.call, QUERY)).rollup).toBeNull();
});
