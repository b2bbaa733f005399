import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { whileHeld } from './testing/set-aside.ts';
import { openTestPlatform, type TestPlatform } from './testing/test-platform.ts';

const WON = { metrics: ['deals_won'] };
const RATE = { metrics: ['win_rate'] };
const deal = { status: 'won', amount: '1', currency: 'USD', close_date: '2017-06-01' };

describe('the records behind a cell', () => {
  let test: TestPlatform;

  beforeAll(async () => {
    test = await openTestPlatform();
    await test.ask(WON, { after: await test.write('deal', 'first', deal) });
  });
  afterAll(() => test.close());

  const drill = (metric: string, more = {}, options = {}, call = test.call) =>
    test.platform.analytics.drillDown(call, { query: { metrics: [metric] }, row: {}, metric, ...more }, options);

  /** Lets `meanwhile` happen when a won deal is applied to the warehouse and its invalidations are not processed yet. */
  const whileUnpublished = async <T>(sourceId: string, meanwhile: (statementsRan: (count: number) => Promise<void>) => Promise<T>) => {
    const { analytics, warehouse } = test.platform;
    // Nothing that was asked before is warmed meanwhile.
    analytics.forget(test.workspace.id);
    const [applied, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const apply = warehouse.apply.bind(warehouse);
    vi.spyOn(warehouse, 'apply').mockImplementation(async (batch) => {
      await apply(batch);
      if (batch.changes.length === 0) return;
      applied.resolve();
      await released.promise;
    });
    const statements = vi.spyOn(warehouse, 'query');
    try {
      await test.write('deal', sourceId, deal);
      await applied.promise;
      return await meanwhile((count) =>
        expect.poll(() => statements.mock.settledResults.filter(({ type }) => type === 'fulfilled').length).toBe(count),
      );
    } finally {
      released.resolve();
      vi.restoreAllMocks();
    }
  };

  it('contain a write at once for whoever sends its token', async () => {
    for (let written = 0; written < 20; written += 1) {
      const sourceId = `own-${written}`;
      const after = await test.write('deal', sourceId, deal);
      const { records } = await drill('deals_won', { limit: 1000 }, { after });
      expect(records.map(({ source_id }) => source_id)).toContain(sourceId);
    }
  });

  it('are those of the answer’s position, and of no moment to come', async () => {
    const answer = await test.ask(WON);
    await test.ask(WON, { after: await test.write('deal', 'later', deal) });
    const { records } = await drill('deals_won', { position: answer.freshness.position, limit: 1000 });
    expect(records).toHaveLength(Number(answer.rows[0]?.[0]));
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await expect(drill('deals_won', { query: { ...WON, as_of: tomorrow } })).rejects.toMatchObject({ code: 'as_of_in_future' });
  });

  it('are those of the moment that was asked about, also where the answer’s position is later', async () => {
    const { freshness, rows } = await test.ask(WON, { after: await test.write('deal', 'changing', deal) });
    const query = { ...WON, as_of: freshness.complete_to };
    const after = await test.write('deal', 'changing', { ...deal, status: 'lost' });
    const { position } = (await test.ask(query, { after })).freshness;
    const { records } = await drill('deals_won', { query, position, limit: 1000 }, { after });
    expect(records).toHaveLength(Number(rows[0]?.[0]));
    const [epoch] = position.split('.');
    for (const none of ['none.0', `${epoch}.999999999.0`]) {
      await expect(drill('deals_won', { query, position: none })).rejects.toMatchObject({ code: 'invalid_cursor' });
    }
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    const later = drill('deals_won', { query: { ...WON, as_of: tomorrow }, position });
    await expect(later).rejects.toMatchObject({ code: 'as_of_in_future' });
  });

  it('are those of the day that the answer says it took for today, else of the day by now', async () => {
    const { workspaces } = test.platform.auth;
    const query = { ...WON, time_range: { from: 'today', to: 'today+1days' } };
    await workspaces.configure(test.call, { reporting_date: '2017-06-01' });
    const { rows, today, freshness } = await test.ask(query);
    expect([Number(rows[0]?.[0]) > 0, today]).toEqual([true, '2017-06-01']);
    expect((await test.ask(WON)).today).toBeUndefined();
    await workspaces.configure(test.call, { reporting_date: '2017-06-02' });
    const count = async (more: object) => {
      const { records } = await drill('deals_won', { query, position: freshness.position, limit: 1000, ...more });
      return records.length;
    };
    expect([await count({ today }), await count({})]).toEqual([Number(rows[0]?.[0]), 0]);
    await workspaces.configure(test.call, {});
  });

  it('of the position that was just stated are given although nothing follows', async () => {
    await whileHeld(test, async () => {
      const { freshness, rows } = await test.ask(WON);
      const { records } = await drill('deals_won', { position: freshness.position, limit: 1000 });
      expect(records).toHaveLength(Number(rows[0]?.[0]));
    });
  });

  it('are those of answers, fresh or cached, that were read before what they were read from is stated', async () => {
    const { analytics } = test.platform;
    analytics.remember(test.call, 'won', WON);
    const early: unknown[] = [];
    const asking = await whileUnpublished('unpublished', async (statementsRan) => {
      const drilling = drill('deals_won', { limit: 1000 });
      const fresh = [test.ask(WON, { cache: 'bypass' }), test.ask(WON)];
      await statementsRan(3);
      const answering = Promise.all([...fresh, test.ask(WON)]);
      for (const each of [drilling, ...fresh]) each.then((done) => early.push(done)).catch(() => undefined);
      await turn();
      expect([early, analytics.peek(test.call, 'won')]).toEqual([[], undefined]);
      return { drilling, answering };
    });
    const answers = await asking.answering;
    const { freshness, records: all } = await asking.drilling;
    expect(all.map(({ source_id }) => source_id)).toContain('unpublished');
    const { records } = await drill('deals_won', { position: freshness.position, limit: 1000 });
    expect(records).toHaveLength(all.length);
    expect(answers.map((answer) => [answer.freshness.position, answer.rows, answer.cache.tier])).toEqual(
      ['none', 'none', 'L1'].map((tier) => [freshness.position, [[all.length]], tier]),
    );
    expect(analytics.peek(test.call, 'won')).toBeDefined();
  });

  it('are not shown to a role that may not ask for the metric, nor for the part; refusals are audited', async () => {
    const { analytics, auth } = test.platform;
    await auth.policies.replace(test.call, [{ rule: 'forbid', roles: ['analyst'], actions: ['read'], metrics: ['deals_won'] }]);
    const analyst = test.as('analyst');
    const forbidden = { code: 'forbidden' };
    await expect(test.ask(WON, {}, analyst)).rejects.toMatchObject(forbidden);
    await expect(analytics.explain(analyst, WON)).rejects.toMatchObject(forbidden);
    await expect(drill('deals_won', {}, {}, analyst)).rejects.toMatchObject(forbidden);
    const misspelt = { ...WON, metrics: ['deals_wo'] };
    await expect(test.ask(misspelt, {}, analyst)).rejects.not.toMatchObject({
      details: { nearest: expect.arrayContaining(['deals_won']) },
    });
    await expect(test.ask(misspelt)).rejects.toMatchObject({ details: { nearest: expect.arrayContaining(['deals_won']) } });
    expect((await test.ask(RATE, {}, analyst)).rows).toHaveLength(1);
    await expect(drill('win_rate', { part: 'numerator' }, {}, analyst)).rejects.toMatchObject(forbidden);

    await auth.audit.flush();
    for (const action of ['query', 'explain', 'drill_down']) {
      const { entries } = await auth.audit.list(test.call, { action, limit: 1000 });
      expect(entries.map(({ principal, result }) => `${principal} ${result}`)).toContain(`${analyst.principal.id} forbidden`);
    }
  });
});
