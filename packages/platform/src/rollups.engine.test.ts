import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestObservability } from '@sophia/observability/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SAMPLE_FOLDER } from './load-sample.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const QUERY = { metrics: ['deals_won'], dimensions: ['deal.close_date:quarter'] };
const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };

const observability = createTestObservability();
let test: TestPlatform;
beforeAll(async () => {
  test = await openTestPlatform({ observability });
});
afterAll(() => test.close());

it('questions of a rollup that can no longer be refreshed are answered from the records at once, and it is told of once', async () => {
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

  expect((await test.ask(QUERY, { after: await test.write('deal', 'third', deal) })).rows).toEqual([['2017-04-01', 3]]);
  const told = observability.lines().filter(({ rollup }) => rollup !== undefined);
  expect(told).toMatchObject(tables.map(({ name }) => ({ level: 'warn', rollup: name })));
});

it('questions of a rollup over a field that the workspace added are answered from the records', async () => {
  const { analytics, catalog, configuration } = test.platform;
  await catalog.recordTypes.define(test.call, 'deal', { type: 'object', properties: { region: { type: 'string' } } });
  const after = await test.write('deal', 'of a region', { ...deal, status: 'lost', region: 'north' });
  await analytics.waitForWrite(after, 30_000);

  const folder = join(configuration.dataDirectory, 'models', 'main');
  await cp(join(SAMPLE_FOLDER, 'models'), folder, { recursive: true });
  const file = join(folder, 'deal.yaml');
  const text = (await readFile(file, 'utf8'))
    .replace('    dimensions:\n', '    dimensions:\n      - { name: region, type: categorical }\n')
    .replace(
      '    rollups:\n',
      '    rollups:\n      - { name: by_region, measures: [lost_deals], dimensions: [region], time_dimension: close_date, grain: month }\n',
    );
  await writeFile(file, text);
  expect(await analytics.reloadModels(test.workspace.id)).toEqual([]);
  const query = { metrics: ['deals_lost'], dimensions: ['deal.region'] };
  expect((await test.ask(query)).rows).toContainEqual(['north', 1]);
  expect((await analytics.explain(test.call, query)).rollup).toBeNull();
});
