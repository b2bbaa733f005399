import { createTestObservability } from '@sophia/observability/testing';
import { SophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const WON = { metrics: ['deals_won'] };
const REVENUE = { metrics: ['revenue'] };
const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };
const LONG = { timeout: 20_000 };

describe('cached answers', () => {
  const observability = createTestObservability();
  let test: TestPlatform;

  beforeAll(async () => {
    // The least that a cache may have: about fifty answers.
    test = await openTestPlatform({ env: { SOPHIA_CACHE_MAXIMUM_SIZE: '1MB' }, observability });
    await test.ask(WON, { after: await test.write('deal', 'first', deal) });
  });
  afterEach(() => void vi.restoreAllMocks());
  afterAll(() => test.close());

  const caches = async () => (await test.platform.analytics.status()).caches;
  const number = async (query: object, after?: string) => Number((await test.ask({ ...WON, ...query }, { after })).rows[0]?.[0]);
  /** Writes it and waits until it is applied. */
  const apply = (sourceId: string, fields: object = deal): Promise<string> => test.apply('deal', sourceId, { ...fields });

  /** Lets `meanwhile` happen after the next statement has run in the warehouse and before its result is there. */
  const whileItRuns = (meanwhile: () => Promise<unknown>) => {
    const { analytics, warehouse } = test.platform;
    // Nothing that was asked before is warmed meanwhile.
    analytics.forget(test.workspace.id);
    const query = warehouse.query.bind(warehouse);
    return vi.spyOn(warehouse, 'query').mockImplementationOnce(async (...args) => {
      const result = await query(...args);
      await meanwhile();
      return result;
    });
  };

  it('that memory has let go come out of the warehouse’s results while its tables stand', async () => {
    const query = { metrics: ['deals_won', 'deals_lost'] };
    const { rows, freshness } = await test.ask(query);
    // Once as many have gone as there are now, this one has.
    const { evictions, entries } = (await caches()).answers;
    for (let limit = 1; (await caches()).answers.evictions < evictions + entries; limit += 1) {
      await test.ask({ ...query, as_of: freshness.complete_to, limit });
    }
    const again = await test.ask(query);
    expect([again.rows, again.cache.tier]).toEqual([rows, 'L3']);
    expect((await test.ask(query)).cache.tier).toBe('L1');
  });

  it('of deals are hits while thousands of calls are written', async () => {
    const { catalog, analytics } = test.platform;
    const queries = [WON, REVENUE, { metrics: ['deals_won', 'deals_lost'] }, { ...REVENUE, dimensions: ['metric_time:month'] }];
    const tiers: string[] = [];
    const ask = async () => {
      for (const query of queries) tiers.push((await test.ask(query)).cache.tier);
    };
    await ask();
    const target = { recordType: 'call', sourceSystem: 'phone' };
    for (let batch = 0; batch < 20; batch += 1) {
      const rows = Array.from({ length: 200 }, (_, at) => ({
        line: at + 1,
        source_id: `${batch}-${at}`,
        fields: { direction: 'outbound', duration_seconds: at },
      }));
      const { token } = await catalog.records.upsertMany(test.call, target, rows);
      await ask();
      await analytics.waitForWrite(token, 30_000);
      await ask();
    }
    expect(tiers.filter((tier) => tier === 'L1').length / tiers.length).toBeGreaterThan(0.9);
  });

  it('are no results of tables that changed while they were read', async () => {
    const query = { ...WON, dimensions: ['deal.source'] };
    const running = whileItRuns(() => apply('while it is read', { ...deal, source: 'fair' }));
    const before = (await caches()).results.loads;
    await test.ask(query);
    expect(running).toHaveBeenCalled();
    expect((await caches()).results.loads).toBe(before);
    expect((await test.ask(query)).rows).toContainEqual(['fair', 1]);
  });

  it.each(['use', 'bypass'] as const)('state how far they were read, though more is stated by then (%s)', async (cache) => {
    const { analytics } = test.platform;
    const query = { ...WON, dimensions: ['deal.deal_type'] };
    const running = whileItRuns(() => apply(`after it was read, ${cache}`, { ...deal, deal_type: cache }));
    const { bytes, readPoint, envelope } = await analytics.ask(test.call, query, { cache });
    const { tick, position, completeTo } = readPoint;
    expect(await running.mock.results[0]?.value).toMatchObject({ applied: { tick, cursor: position, completeTo } });
    expect(JSON.parse(`{${envelope}}`).freshness.complete_to).toBe(completeTo);
    expect(tick).toBeLessThan(analytics.readPoint().tick);
    expect(bytes.toString()).not.toContain(`"${cache}"`);
    expect((await test.ask(query)).rows).toContainEqual([cache, 1]);
  });

  it('as of a past moment are not given on the short way, where their notes are not known', async () => {
    const { analytics } = test.platform;
    const query = { ...WON, as_of: (await test.ask(WON)).freshness.complete_to };
    await test.ask(query);
    analytics.remember(test.call, 'as of', query);
    expect(analytics.peek(test.call, 'as of')).toBeUndefined();
    expect((await test.ask(query)).cache.tier).toBe('L1');
  });

  it('as of a moment to come are neither computed nor kept before it is there, however often they are asked', async () => {
    const { analytics } = test.platform;
    // Nothing that was asked before is warmed meanwhile.
    analytics.forget(test.workspace.id);
    const moment = Date.now() + 5_000;
    const query = { metrics: ['deals_lost'], as_of: new Date(moment).toISOString() };
    const refused = await Promise.allSettled(Array.from({ length: 3 }, () => test.ask(query)));
    expect(refused.map((each) => each.status === 'rejected' && each.reason.code)).toEqual(Array(3).fill('as_of_in_future'));
    const { loads } = (await caches()).answers;
    for (let written = 0; written < 3; written += 1) await apply(`before the moment ${written}`, { status: 'lost' });
    expect((await caches()).answers.loads).toBe(loads);
    await expect.poll(() => Date.parse(analytics.readPoint().completeTo), LONG).toBeGreaterThan(moment);
    const answer = await test.ask(query);
    expect([answer.rows, answer.cache.tier]).toEqual([(await test.ask(query, { cache: 'bypass' })).rows, 'none']);
  });

  it('as of a moment are none of a read that is not complete to it', async () => {
    const { analytics, warehouse } = test.platform;
    const { completeTo } = analytics.readPoint();
    const query = { ...WON, as_of: completeTo };
    await expect.poll(() => analytics.readPoint().completeTo, LONG).not.toBe(completeTo);
    const read = warehouse.query.bind(warehouse);
    const readEarly = async (...args: Parameters<typeof read>) => {
      const result = await read(...args);
      return { ...result, applied: { ...result.applied, completeTo } };
    };
    for (const cache of ['use', 'bypass'] as const) {
      vi.spyOn(warehouse, 'query').mockImplementationOnce(readEarly);
      const early = { code: 'not_applied_yet', retryAfter: 1, details: { complete_to: completeTo } };
      await expect(test.ask(query, { cache })).rejects.toMatchObject(early);
    }
    expect((await test.ask(query)).cache.tier).toBe('none');
  });

  it('and the records behind them take no longer than their caller may wait', async () => {
    const { analytics, warehouse } = test.platform;
    const query = { metrics: ['deals_won', 'deals_created'] };
    const run = warehouse.query.bind(warehouse);
    const ways = [
      (call: Call) => analytics.ask(call, query),
      (call: Call) => analytics.ask(call, query, { cache: 'bypass' }),
      (call: Call) => analytics.drillDown(call, { query, row: {}, metric: 'deals_won' }),
    ];
    // A statement without an end.
    const endless = { text: 'select count(*) from range(1000000000000) where range % 7 = 3', parameters: [] };
    for (const ask of ways) {
      vi.spyOn(warehouse, 'query').mockImplementationOnce((_statement, options) => run(endless, options));
      // They go away later, if they wait so long.
      const call = { ...test.call, deadline: 100, signal: AbortSignal.timeout(5_000) };
      await expect(ask(call)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    }
    vi.restoreAllMocks();
    expect((await test.ask(query)).rows).toHaveLength(1);
  });

  it('are warmed as of today, and where one cannot be, it is told and computed when it is asked for', async () => {
    const { analytics, auth, warehouse } = test.platform;
    const query = { metrics: ['overdue_deals'] };
    const overdue = { status: 'open', created_on: '2017-01-01', close_date: '2017-06-01' };
    // The policy first: it is kept for some seconds only, and nothing is peeked at without it.
    const isThere = async () => {
      await auth.policies.resolve(test.call.principal);
      return analytics.peek(test.call, 'overdue') !== undefined;
    };
    analytics.remember(test.call, 'overdue', query);
    const count = await number(query);
    for (let time = 0; time < 5; time += 1) await number(query);
    await apply('overdue', overdue);
    await expect.poll(isThere, LONG).toBe(true);
    expect(await number(query)).toBe(count + 1);

    vi.spyOn(warehouse, 'query').mockRejectedValue(new SophiaError('overloaded', 'Not now.'));
    await apply('overdue too', overdue);
    await expect.poll(() => observability.lines().map(({ msg }) => msg), LONG).toContain('an answer could not be warmed');
    vi.restoreAllMocks();
    expect([await isThere(), await number(query)]).toEqual([false, count + 2]);
  });

  it('are dropped by an erasure from among the warehouse’s results too', async () => {
    const { records } = test.platform.catalog;
    const query = { metrics: ['companies'] };
    const companies = async (after?: string) => Number((await test.ask(query, { after })).rows[0]?.[0]);
    const count = await companies(await test.write('company', 'erased', { name: 'Acme' }));
    const { invalidated } = (await caches()).results;
    const { id } = await records.getByKey(test.call, { recordType: 'company', sourceSystem: 'test' }, 'erased');
    const { token } = await records.erase(test.call, 'company', id, 'asked by the company');
    expect(await companies(token)).toBe(count - 1);
    expect((await caches()).results.invalidated).toBeGreaterThan(invalidated);
  });

  it('that depend on today follow the day', async () => {
    const { auth } = test.platform;
    const query = { metrics: ['stale_deals'] };
    await apply('stale', { status: 'open', created_on: '2017-01-01' });
    const on = async (day: string) => {
      await auth.workspaces.configure(test.call, { reporting_date: day });
      return Number((await test.ask(query)).rows[0]?.[0]);
    };
    const early = await on('2017-01-02');
    expect(await on('2017-12-31')).toBeGreaterThan(early);
    expect(await on('2017-01-02')).toBe(early);
    await auth.workspaces.configure(test.call, {});
  });

  it('are of one currency as long as all records are: one that comes while a statement runs has it run again', async () => {
    const query = { ...REVENUE, dimensions: ['deal.deal_type'] };
    whileItRuns(() => apply('a second currency', { ...deal, currency: 'EUR' }));
    await expect(test.ask(query)).rejects.toMatchObject({ code: 'mixed_currencies' });
  });

  it('and records behind them are asked for again where what the statement was compiled against has changed', async () => {
    const { analytics, catalog } = test.platform;
    const redefine = async (name: string): Promise<void> => {
      await catalog.recordTypes.define(test.call, name, { type: 'object', properties: { hours: { type: 'integer' } } });
      await apply(`after ${name}`, { status: 'lost' });
    };
    const won = await number({});
    const query = { ...WON, dimensions: ['deal.pipeline'] };
    const failing = whileItRuns(async () => {
      await redefine('visit');
      throw new SophiaError('warehouse_unavailable', 'The statement was of tables that are no more.');
    });
    const { rows } = await test.ask(query);
    expect(failing.mock.calls.length).toBeGreaterThan(1);
    expect(rows.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(won);

    vi.restoreAllMocks();
    const running = whileItRuns(() => redefine('ticket'));
    const { records } = await analytics.drillDown(test.call, { query: WON, row: {}, metric: 'deals_won' });
    expect(records).toHaveLength(won);
    expect(running.mock.calls.length).toBeGreaterThan(1);
  });
});
