import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const REVENUE = { metrics: ['revenue'] };
const BY_OFFICE = { metrics: ['revenue', 'win_rate'], dimensions: ['user.office'] };

describe('answers over the sample', () => {
  let test: TestPlatform;
  const won = (amount: string, more = {}) => ({ status: 'won', amount, currency: 'USD', close_date: '2017-06-01', ...more });

  beforeAll(async () => {
    test = await openTestPlatform({ sample: true });
  });
  afterAll(() => test.close());

  it('are the numbers of the published data', async () => {
    const { rows } = await test.ask({ metrics: ['revenue', 'deals_won', 'deals_lost', 'win_rate'] });
    expect(rows).toEqual([['10005534.0000', 4238, 2473, 4238 / 6711]]);
  });

  it('are given out of memory the second time, with the same bytes and entity tag', async () => {
    const first = await test.platform.analytics.ask(test.call, BY_OFFICE);
    const second = await test.platform.analytics.ask(test.call, BY_OFFICE);
    expect([second.tier, second.etag]).toEqual(['L1', first.etag]);
    expect(second.bytes.equals(first.bytes)).toBe(true);
    const query = `?q=${JSON.stringify(BY_OFFICE)}`;
    expect(test.platform.analytics.peek(test.call, query)).toBeUndefined();
    test.platform.analytics.remember(test.call, query, BY_OFFICE);
    expect(test.platform.analytics.peek(test.call, query)?.etag).toBe(first.etag);
    expect(test.platform.analytics.peek(test.call, query, 10)).toBeUndefined();
  });

  it('contain a write at once for whoever sends its token, cached or not', async () => {
    const before = Number((await test.ask(REVENUE)).rows[0]?.[0]);
    for (let amount = 1; amount <= 100; amount += 1) {
      const after = await test.write('deal', 'read-your-writes', won(String(amount)));
      const { rows } = await test.ask(REVENUE, { after });
      expect(Number(rows[0]?.[0])).toBe(before + amount);
    }
  });

  it('are dropped only by changes of what they read: other types, fields and rows leave them', async () => {
    const after = await test.write('deal', 'precise', won('10', { owner: 'Anna Snelling', name: 'before' }));
    const queries = {
      revenue: REVENUE,
      open: { metrics: ['open_deals'] },
      march: { ...REVENUE, time_range: { from: '2017-03-01', to: '2017-04-01' } },
    };
    const tiers = async () => {
      const found: Record<string, string> = {};
      for (const [name, query] of Object.entries(queries)) found[name] = (await test.ask(query)).cache.tier;
      return found;
    };
    await test.ask(REVENUE, { after });
    await tiers();
    expect(await tiers()).toEqual({ revenue: 'L1', open: 'L1', march: 'L1' });

    const applied = async (token: string) => test.ask({ metrics: ['deals_won'] }, { after: token, cache: 'bypass' });
    await applied(await test.write('contact', 'c1', { first_name: 'A' }));
    expect(await tiers(), 'another type').toEqual({ revenue: 'L1', open: 'L1', march: 'L1' });
    await applied(await test.write('deal', 'precise', won('10', { owner: 'Anna Snelling', name: 'after' })));
    expect(await tiers(), 'another field').toEqual({ revenue: 'L1', open: 'L1', march: 'L1' });
    await applied(await test.write('deal', 'precise', won('11', { owner: 'Anna Snelling', name: 'after' })));
    const changed = await tiers();
    expect([changed.open, changed.march], 'other rows').toEqual(['L1', 'L1']);
    expect(Number((await test.ask(REVENUE)).rows[0]?.[0])).toBe(10_005_534 + 100 + 11);
  });

  it('as of an earlier moment are those of that moment, also after a restart', async () => {
    const { freshness, rows } = await test.ask(REVENUE);
    const after = await test.write('deal', 'as-of', won('1000'));
    const now = await test.ask(REVENUE, { after });
    expect(Number(now.rows[0]?.[0])).toBe(Number(rows[0]?.[0]) + 1000);
    const asOf = { ...REVENUE, as_of: freshness.complete_to };
    expect((await test.ask(asOf)).rows).toEqual(rows);
    await test.restart();
    expect((await test.ask(asOf)).rows).toEqual(rows);
    expect((await test.ask(REVENUE)).rows).toEqual(now.rows);
  });

  it('as of a time before the first change are empty and say so; as of a time to come they are refused', async () => {
    const early = await test.ask({ metrics: ['deals_won'], as_of: '2001-01-01T00:00:00Z' });
    expect([early.rows, early.notes]).toEqual([[[0]], ['as_of_before_first_change']]);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await expect(test.ask({ ...REVENUE, as_of: tomorrow })).rejects.toMatchObject({ code: 'as_of_in_future' });
  });

  it('state how far they go: complete_to stands still with the projection, and moves on when nothing happens', async () => {
    const completeTo = async () => (await test.platform.analytics.freshness(test.call)).complete_to;
    const first = await completeTo();
    await expect.poll(completeTo, { timeout: 20_000 }).not.toBe(first);

    const log = new pg.Client({ ...test.platform.owner });
    log.on('error', () => undefined);
    await log.connect();
    await log.query('begin');
    // The group's row is what a member holds while it hands a batch over.
    await log.query("select * from event_group where name = 'warehouse' for update");
    await expect
      .poll(async () => (await completeTo()) === (await new Promise((resolve) => setTimeout(() => resolve(completeTo()), 1500))), {
        timeout: 20_000,
      })
      .toBe(true);
    const stalled = await completeTo();
    const token = await test.write('deal', 'stalled', won('5'));
    const before = await test.ask(REVENUE);
    expect(before.freshness.complete_to).toBe(stalled);
    await expect(test.ask(REVENUE, { after: token })).rejects.toMatchObject({ code: 'not_applied_yet' });
    await log.query('rollback');
    await log.end();
    const after = await test.ask(REVENUE, { after: token });
    expect(Number(after.rows[0]?.[0])).toBe(Number(before.rows[0]?.[0]) + 5);
    expect(after.freshness.complete_to > stalled).toBe(true);
  });

  it('over amounts in several currencies are refused, unless currency is asked for', async () => {
    const after = await test.write('deal', 'euro', { ...won('7'), currency: 'EUR' });
    await expect(test.ask(REVENUE, { after })).rejects.toMatchObject({ code: 'mixed_currencies' });
    const { rows } = await test.ask({ ...REVENUE, dimensions: ['deal.currency'] });
    expect(rows.map(([currency]) => currency)).toEqual(['EUR', 'USD']);
    const { rows: dollars } = await test.ask({ ...REVENUE, filters: [{ field: 'deal.currency', operator: 'eq', values: ['USD'] }] });
    const gone = await test.platform.catalog.records.getByKey(test.call, { recordType: 'deal', sourceSystem: 'test' }, 'euro');
    const { token } = await test.platform.catalog.records.delete(test.call, 'deal', gone.id);
    expect(
      (await test.ask({ ...REVENUE, filters: [{ field: 'deal.currency', operator: 'eq', values: ['USD'] }] }, { after: token })).rows,
    ).toEqual(dollars);
  });

  it('join records by their source system, also from the moment on when there is a second one', async () => {
    const query = {
      metrics: ['deals_won'],
      dimensions: ['user.office'],
      filters: [{ field: 'deal.name', operator: 'eq' as const, values: ['of two systems'] }],
    };
    const name = 'of two systems';
    // The same name in another system is nobody's; a reference may name the system that it leads to.
    await test.write('deal', 'own-system', won('1', { name, owner: 'Anna Snelling' }));
    const after = await test.write('deal', 'other-system', won('1', { name, owner: { source_system: 'crm', source_id: 'Anna Snelling' } }));
    expect((await test.ask(query, { after })).rows).toEqual([
      ['Central', 1],
      [null, 1],
    ]);
  });

  it('open into the records that make them', async () => {
    const query = {
      metrics: ['revenue'],
      dimensions: ['user.office'],
      filters: [{ field: 'deal.currency', operator: 'eq' as const, values: ['USD'] }],
    };
    const { rows } = await test.ask(query);
    const [office, revenue] = rows[0] ?? [];
    let cursor: string | undefined;
    let sum = 0;
    do {
      const page = await test.platform.analytics.drillDown(test.call, {
        query,
        row: { 'user.office': office ?? null },
        metric: 'revenue',
        cursor,
        limit: 1000,
      });
      for (const { value } of page.records) sum += Number(value);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(sum).toBe(Number(revenue));
  });

  it('hold the policy: viewers see no identifying dimension, and nobody a metric that is forbidden', async () => {
    await expect(test.ask({ metrics: ['deals_won'], dimensions: ['user.name'] }, {}, test.as('viewer'))).rejects.toMatchObject({
      code: 'identifying_dimension',
    });
    const { rows } = await test.ask({ metrics: ['deals_won'] }, {}, test.as('viewer'));
    expect(Number(rows[0]?.[0])).toBeGreaterThan(4000);
  });

  it('follow a new type, a new field and a changed one without a stop', async () => {
    const { catalog } = test.platform;
    await catalog.recordTypes.define(test.call, 'ticket', {
      type: 'object',
      properties: { hours: { type: 'integer' }, subject: { type: 'string' } },
    });
    await test.write('ticket', 't1', { hours: 3, subject: 'a' });
    await catalog.recordTypes.define(test.call, 'ticket', {
      type: 'object',
      properties: { hours: { type: 'number' }, subject: { type: 'string' }, team: { type: 'string' } },
    });
    await test.write('ticket', 't2', { hours: 1.5, subject: 'b', team: 'x' });
    const { definition } = await catalog.recordTypes.define(test.call, 'deal', {
      type: 'object',
      properties: { region: { type: 'string' } },
    });
    expect(definition.fields.map(({ name }) => name)).toContain('region');
    const after = await test.write('deal', 'extended', won('3', { region: 'north' }));
    await test.ask({ metrics: ['deals_won'] }, { after });
    const layout = test.platform.warehouse.layout(test.workspace.id, 'ticket');
    expect([...(layout?.fields.keys() ?? [])].sort()).toEqual(['hours', 'subject', 'team']);
    expect(layout?.fields.get('hours')?.columns).toHaveLength(2);
    const { values } = await test.platform.warehouse.query({
      text: `select source_id, hours, team from ${test.platform.warehouse.relation(test.workspace.id, 'ticket')} order by source_id`,
      parameters: [],
    });
    expect(values).toEqual([
      ['t1', 't2'],
      [3, 1.5],
      [null, 'x'],
    ]);
  });

  it('are the same after the warehouse is made anew from the log', async () => {
    const query = { metrics: ['deals_won', 'deals_lost'], dimensions: ['user.office', 'deal.close_date:month'] };
    const before = await test.ask(query, { cache: 'bypass' });
    const { generation } = await test.platform.analytics.rebuild(test.call);
    expect(generation).toBeGreaterThan(0);
    const after = await test.ask(query, { cache: 'bypass' });
    expect(after.rows).toEqual(before.rows);
    await expect(test.platform.analytics.rebuild(test.as('analyst'))).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('come out of the warehouse’s results while its tables stand, and are warmed when they changed', async () => {
    const { analytics } = test.platform;
    for (let asked = 0; asked < 5; asked += 1) await test.ask({ metrics: ['deals_lost'] });
    const after = await test.write('deal', 'warm', { status: 'lost', close_date: '2017-06-01' });
    await test.ask({ metrics: ['deals_won'] }, { after });
    await expect.poll(async () => (await test.ask({ metrics: ['deals_lost'] })).cache.tier, { timeout: 20_000 }).toBe('L1');
    const { caches, lagSeconds, problems } = await analytics.status();
    expect(caches.answers.hits).toBeGreaterThan(0);
    expect([lagSeconds < 30, problems]).toEqual([true, []]);
  });

  it('come from the rollups that the models declare, equal to the answers from the records', async () => {
    const query = { metrics: ['deals_won', 'deals_lost', 'win_rate'], dimensions: ['user.office', 'deal.close_date:quarter'] };
    const explained = await test.platform.analytics.explain(test.call, query);
    expect(explained.rollup).toBe('won_by_month');
    const rolledUp = await test.ask(query, { cache: 'bypass' });
    // The day is finer than the rollup: these are counted from the records, and add up to the same.
    const { rows } = await test.ask({ ...query, dimensions: ['user.office', 'deal.close_date:day'], fill: false }, { cache: 'bypass' });
    const total = (table: readonly (readonly unknown[])[]) => table.reduce((sum, row) => sum + Number(row[2]), 0);
    expect(total(rolledUp.rows)).toBe(total(rows));
    const after = await test.write('deal', 'rolled-up', won('1', { owner: { source_system: 'crm', source_id: 'Anna Snelling' } }));
    const later = await test.ask(query, { cache: 'bypass', after });
    expect(total(later.rows)).toBe(total(rolledUp.rows) + 1);
  });

  it('can be explained', async () => {
    const explained = await test.platform.analytics.explain(
      test.as('employee', { source_system: 'crm', source_id: 'Anna Snelling' }),
      BY_OFFICE,
    );
    expect(explained.sql).toContain('select');
    expect(explained.reads.map(({ record_type }) => record_type).sort()).toEqual(['deal', 'user']);
    expect((await test.platform.analytics.metrics(test.call)).map(({ name }) => name)).toContain('win_rate');
  });
});
