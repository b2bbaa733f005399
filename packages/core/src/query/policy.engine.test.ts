import type { Filter, MetricQuery, PolicyScope } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';
import { layerOf, SMALL_RECORDS, SMALL_TYPES } from '../testing/small-world.ts';
import { compileQuery } from './compile-query.ts';
import { compileDrillDown } from './drill-down.ts';
import { readDrillDown } from './read-drill-down.ts';

const { engine, layer } = useSmallEngine();

const ask = async (query: MetricQuery, policy: PolicyScope) => (await engine().ask(query, layer, { policy })).rows;
/** Of deals aggregates only, where a smallest group is told. */
const scope = (types: PolicyScope['types'], smallestGroup?: number): PolicyScope => ({
  types: smallestGroup === undefined ? types : { ...types, deal: { ...types.deal, smallestGroup } },
});
const east: Filter = { field: 'owner.office', operator: 'eq', values: ['East'] };

describe('rows', () => {
  it('that the filter does not hold for are not there: what is unknown is hidden', async () => {
    expect(await ask({ metrics: ['deals', 'revenue'] }, scope({ deal: { rows: east } }))).toEqual([[3, '400.0000']]);
    expect(await ask({ metrics: ['deals'] }, scope({ deal: { rows: { not: east } } }))).toEqual([[2]]);
    expect(await ask({ metrics: ['deals'] }, scope({ deal: { rows: { or: [] } } }))).toEqual([[0]]);
  });

  it('of the own id are those of the own source system', async () => {
    const own = (owner: string, system: string): Filter => ({
      and: [
        { field: 'owner', operator: 'eq', values: [owner] },
        { field: 'owner.source_system', operator: 'eq', values: [system] },
      ],
    });
    const deals = (rows: Filter) => ask({ metrics: ['deals'] }, scope({ deal: { rows } }));
    expect(await deals(own('ann', 'crm'))).toEqual([[3]]);
    expect(await deals(own('ann', 'erp'))).toEqual([[0]]);
    expect(await deals({ not: own('ann', 'crm') })).toEqual([[2]]);
    const masks = [{ fields: ['amount'], visible: own('ann', 'crm') }];
    expect(await ask({ metrics: ['revenue'] }, scope({ deal: { masks } }))).toEqual([['400.0000']]);
  });

  it('of joined records are as if they were missing', async () => {
    const query: MetricQuery = { metrics: ['deals'], dimensions: ['company.industry'] };
    const policy = scope({ company: { rows: { field: 'industry', operator: 'eq', values: ['it'] } } });
    expect(await ask(query, policy)).toEqual([
      ['it', 2],
      [null, 4],
    ]);
  });

  it('of joined records may depend on what those refer to', async () => {
    const query: MetricQuery = { metrics: ['calls'], dimensions: ['deal.status'] };
    expect(await ask(query, scope({ deal: { rows: { not: east } } }))).toEqual([[null, 3]]);
    expect(await ask(query, scope({ deal: { rows: east } }))).toEqual([['won', 3]]);
  });

  it('a path that leads nowhere hides', async () => {
    for (const field of ['owner.nothing.at_all', 'status.office']) {
      const rows: Filter = { field, operator: 'eq', values: ['x'] };
      expect(await ask({ metrics: ['deals'] }, scope({ deal: { rows } }))).toEqual([[0]]);
    }
  });

  it('a path to a type that is not there any more hides', async () => {
    const text = `
semantic_models: [{ name: deal, record_type: deal, entities: [{ name: deal, type: primary }], measures: [{ name: deals, aggregation: count }] }]
metrics: [{ name: deals, type: simple, measure: deals }]
`;
    const dealsAlone = layerOf(
      text,
      SMALL_TYPES.filter(({ name }) => name === 'deal'),
    );
    for (const rows of [east, { not: east }]) {
      expect((await engine().ask({ metrics: ['deals'] }, dealsAlone, { policy: scope({ deal: { rows } }) })).rows).toEqual([[0]]);
    }
  });
});

describe('a day that is given for an instant', () => {
  const earlierThan = (field: string, day: string): Filter => ({ field, operator: 'lt', values: [day] });
  const inZones = fc.constantFrom('UTC', 'Pacific/Pago_Pago', 'Pacific/Kiritimati', 'Europe/Berlin', 'America/New_York');

  it('is that of UTC in rows and masks, whatever the zone of the query or the workspace', async () => {
    const days = fc.constantFrom('2017-01-31', '2017-02-01', '2017-02-02', '2017-03-26', '2017-03-27');
    const query: MetricQuery = { metrics: ['calls', 'call_seconds'] };
    await fc.assert(
      fc.asyncProperty(days, inZones, inZones, fc.option(fc.constant('2018-01-01T00:00:00Z')), async (day, zone, timeZone, asOf) => {
        const seen = earlierThan('started_at', day);
        const policy = scope({ call: { rows: seen } });
        const masked = scope({ call: { masks: [{ fields: ['duration_seconds'], visible: seen }] } });
        const asked = { ...query, time_zone: zone, ...(asOf === null ? {} : { as_of: asOf }) };
        const calls = SMALL_RECORDS.filter(({ type, data }) => type === 'call' && String(data.started_at).slice(0, 10) < day);
        const seconds = calls.reduce((sum, { data }) => sum + Number(data.duration_seconds), 0);
        expect(await ask(asked, policy)).toEqual([[calls.length, seconds]]);
        expect(await ask(asked, masked)).toEqual([[3, calls.length === 0 ? null : seconds]]);
        expect((await engine().ask(query, layer, { policy, timeZone })).rows).toEqual([[calls.length, seconds]]);
        const request = { query: asked, row: {}, metric: 'calls' };
        const compiled = compileDrillDown(request, layer, { ...engine().context, policy });
        expect(readDrillDown(compiled, await engine().run(compiled)).map(({ source_id }) => source_id)).toEqual(
          calls.map(({ source_id }) => source_id),
        );
      }),
      { numRuns: 40 },
    );
  });

  it('is so of when a record was made and happened, too', async () => {
    await engine().execute(`update "call" set occurred_at = created_at`);
    for (const field of ['created_at', 'occurred_at']) {
      for (const time_zone of ['Pacific/Pago_Pago', 'UTC', 'Pacific/Kiritimati']) {
        expect(await ask({ metrics: ['calls'], time_zone }, scope({ call: { rows: earlierThan(field, '2026-01-01') } }))).toEqual([[0]]);
        expect(await ask({ metrics: ['calls'], time_zone }, scope({ call: { rows: earlierThan(field, '2026-01-02') } }))).toEqual([[3]]);
      }
    }
  });
});

describe('masks', () => {
  it('make a field null before filters, dimensions and aggregates', async () => {
    const policy = scope({ deal: { masks: [{ fields: ['amount', 'status'] }] } });
    expect(await ask({ metrics: ['deals', 'amount', 'deals_won', 'amounts'] }, policy)).toEqual([[6, null, 0, 0]]);
    expect(await ask({ metrics: ['deals'], dimensions: ['deal.status'] }, policy)).toEqual([[null, 6]]);
    expect(await ask({ metrics: ['deals'], filters: [{ field: 'amount', operator: 'gt', values: [0] }] }, policy)).toEqual([[0]]);
    expect(await ask({ metrics: ['deals'], filters: [{ field: 'amount', operator: 'is_null' }] }, policy)).toEqual([[6]]);
  });

  it('open in the rows that they do not concern', async () => {
    const policy = scope({ deal: { masks: [{ fields: ['amount'], visible: east }] } });
    expect(await ask({ metrics: ['deals', 'amount', 'amounts'] }, policy)).toEqual([[6, '400.0000', 3]]);
  });

  it('hide a reference and what is behind it', async () => {
    const policy = scope({ deal: { masks: [{ fields: ['company_id'] }] } });
    expect(await ask({ metrics: ['deals'], dimensions: ['company.industry'] }, policy)).toEqual([[null, 6]]);
    const some = scope({
      deal: { masks: [{ fields: ['company_id'], visible: { field: 'company_id.industry', operator: 'eq', values: ['it'] } }] },
    });
    expect(await ask({ metrics: ['deals'], dimensions: ['company.industry'] }, some)).toEqual([
      ['it', 2],
      [null, 4],
    ]);
  });

  it('hold in joined records', async () => {
    const policy = scope({ company: { masks: [{ fields: ['industry'] }] } });
    expect(await ask({ metrics: ['deals'], dimensions: ['company.industry', 'company.name'] }, policy)).toEqual([
      [null, 'Acme', 2],
      [null, 'Bolt', 2],
      [null, null, 2],
    ]);
  });

  it('do not matter where their fields are not read', async () => {
    const policy = scope({ deal: { masks: [{ fields: ['name'], visible: east }] } });
    const compiled = compileQuery({ metrics: ['deals'] }, layer, { ...engine().context, policy });
    expect(compiled.text).not.toContain('"user"');
  });

  it('hold in drill-downs', async () => {
    const policy = scope({
      deal: { rows: { field: 'status', operator: 'eq', values: ['won'] }, masks: [{ fields: ['amount', 'owner'], visible: east }] },
    });
    const request = { query: { metrics: ['amount'] }, row: {}, metric: 'amount' };
    const compiled = compileDrillDown(request, layer, { ...engine().context, policy });
    const records = readDrillDown(compiled, await engine().run(compiled));
    expect(records.map(({ source_id, value, data }) => [source_id, value, data.amount, data.owner])).toEqual([
      ['d1', '100.0000', '100', 'ann'],
      ['d2', null, undefined, undefined],
      ['d4', '300.0000', '300', 'ann'],
      ['d6', null, undefined, undefined],
    ]);
  });
});

describe('aggregates only', () => {
  it('values over fewer records than the smallest group are null, and what is made of them', async () => {
    const query: MetricQuery = { metrics: ['deals', 'deals_won', 'revenue', 'win_rate'], dimensions: ['deal.status'] };
    expect(await ask(query, scope({}, 3))).toEqual([['won', 4, 4, '450.5000', 1]]);
    expect(await ask({ ...query, dimensions: [] }, scope({}, 5))).toEqual([[6, null, null, null]]);
  });

  it('records without a value do not make up for the few that have one', async () => {
    // Of the four deals won three have an amount, of the two of January one is shown.
    const metrics = ['deals_won', 'revenue', 'average_amount', 'median_amount', 'most_amount', 'amounts', 'owners'];
    const won: MetricQuery = { metrics, filters: [{ field: 'status', operator: 'eq', values: ['won'] }] };
    expect(await ask(won, scope({}, 4))).toEqual([[4, null, null, null, null, null, null]]);
    const bobs: Filter = { field: 'owner', operator: 'eq', values: ['bob'] };
    const masked = { deal: { masks: [{ fields: ['amount'], visible: bobs }] } };
    const january: MetricQuery = { metrics: ['deals', 'revenue'], time_range: { from: '2017-01-01', to: '2017-02-01' } };
    expect(await ask(january, scope(masked, 2))).toEqual([[2, null]]);
  });

  it('a group in which nobody has a value tells so where it is large enough: null is not 0', async () => {
    const query: MetricQuery = { metrics: ['amount', 'amounts'], filters: [{ field: 'amount', operator: 'is_null' }] };
    expect(await ask(query, scope({}, 2))).toEqual([[null, 0]]);
    expect(await ask({ ...query, dimensions: ['deal.status'] }, scope({}, 2))).toEqual([]);
    expect(await ask({ ...query, time_range: { from: '2016-01-01', to: '2016-02-01' } }, scope({}, 2))).toEqual([['0.0000', 0]]);
  });

  it('groups in which everything is withheld are left out, empty periods are shown', async () => {
    const query: MetricQuery = {
      metrics: ['deals'],
      dimensions: ['metric_time:month'],
      time_range: { from: '2017-01-01', to: '2017-05-01' },
    };
    expect(await ask(query, scope({}, 2))).toEqual([
      ['2017-01-01', 2],
      ['2017-03-01', 2],
      ['2017-04-01', 0],
    ]);
  });

  it('an earlier value over too few records is withheld, in an open range too', async () => {
    const query: MetricQuery = { metrics: ['deals', 'revenue_before', 'growth'], dimensions: ['metric_time:month'] };
    for (const fill of [true, false]) {
      expect(await ask({ ...query, fill }, scope({}, 2))).toEqual([
        ['2017-01-01', 2, '0.0000', null],
        // One deal in February, and January's two before it.
        ['2017-02-01', null, '150.5000', -1],
        ['2017-03-01', 2, '0.0000', null],
      ]);
    }
  });

  it('ask and filter by nothing that names one record or person', async () => {
    const context = { ...engine().context, policy: scope({}, 5) };
    const compile = (query: Partial<MetricQuery>) => () => compileQuery({ metrics: ['deals'], ...query }, layer, context);
    expect(compile({ dimensions: ['deal.name'] })).toThrow(expect.objectContaining({ code: 'identifying_dimension' }));
    expect(compile({ dimensions: ['company.name'] })).toThrow(expect.objectContaining({ code: 'identifying_dimension' }));
    expect(compile({ filters: [{ field: 'owner', operator: 'eq', values: ['ann'] }] })).toThrow(
      expect.objectContaining({ code: 'identifying_dimension' }),
    );
    expect(compile({ dimensions: ['company.industry'] })).not.toThrow();
  });

  it('of one type concern what reads it, by a reference too, and nothing else', async () => {
    const companies = { ...engine().context, policy: { types: { company: { smallestGroup: 3 }, product: { smallestGroup: 50 } } } };
    const compile = (query: Partial<MetricQuery>) => compileQuery({ metrics: ['deals'], ...query }, layer, companies);
    const drill = (query: Partial<MetricQuery>, row: Record<string, string> = {}) =>
      compileDrillDown({ query: { metrics: ['deals'], ...query }, row, metric: 'deals' }, layer, companies);
    expect(compile({ dimensions: ['deal.name'] }).text).toBe(
      compileQuery({ metrics: ['deals'], dimensions: ['deal.name'] }, layer, engine().context).text,
    );
    expect(drill({}).recordType).toBe('deal');
    const identifying = expect.objectContaining({ code: 'identifying_dimension', details: { name: 'deal.name' } });
    expect(() => compile({ dimensions: ['deal.name', 'company.industry'] })).toThrow(identifying);
    expect(() => compile({ metrics: ['deals', 'companies'], dimensions: ['company.name'] })).toThrow(
      expect.objectContaining({ code: 'identifying_dimension' }),
    );
    const refused = expect.objectContaining({ code: 'drill_down_not_allowed' });
    expect(() => drill({ dimensions: ['company.industry'] }, { 'company.industry': 'it' })).toThrow(refused);
    expect(() => drill({ filters: [{ field: 'company.industry', operator: 'eq', values: ['it'] }] })).toThrow(refused);
    expect(await ask({ metrics: ['deals'], dimensions: ['company.industry'] }, companies.policy)).toEqual([]);
    expect(await ask({ metrics: ['deals'], dimensions: ['deal.status'] }, companies.policy)).not.toEqual([]);
  });

  it('of several types that a query reads hold by the greatest of their smallest groups', async () => {
    const query: MetricQuery = { metrics: ['deals'], dimensions: ['user.office'] };
    const smallest = (deal: number, user: number): PolicyScope => ({
      types: { deal: { smallestGroup: deal }, user: { smallestGroup: user } },
    });
    const all = await ask(query, { types: {} });
    const most = Math.max(...all.map(([, deals]) => Number(deals)));
    expect(await ask(query, smallest(1, most + 1))).toEqual([]);
    expect(await ask(query, smallest(most + 1, 1))).toEqual([]);
    expect(await ask(query, smallest(1, 1))).toEqual(all);
  });

  it('see no records', () => {
    const request = { query: { metrics: ['deals'] }, row: {}, metric: 'deals' };
    expect(() => compileDrillDown(request, layer, { ...engine().context, policy: scope({}, 5) })).toThrow(
      expect.objectContaining({ code: 'drill_down_not_allowed' }),
    );
  });
});
