import type { MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { SMALL_CONTEXT } from '../testing/small-context.ts';
import { smallLayer } from '../testing/small-world.ts';
import type { CompileContext } from './compile-context.ts';
import { compileQuery } from './compile-query.ts';

const layer = smallLayer();
const compile = (query: MetricQuery, more: Partial<CompileContext> = {}) => compileQuery(query, layer, { ...SMALL_CONTEXT, ...more });

describe('a compiled query', () => {
  it('binds every value that comes from outside', () => {
    const evil = "x' or '1'='1";
    for (const dialect of ['duckdb', 'snowflake'] as const) {
      const { text, parameters } = compile(
        {
          metrics: ['deals'],
          filters: [{ field: 'status', operator: 'eq', values: [evil] }],
          time_range: { from: '2017-01-01' },
          time_zone: 'Europe/Berlin',
        },
        { dialect },
      );
      expect(text).not.toContain("x'");
      expect(text).not.toContain('2017');
      expect(parameters).toContain(evil);
      const places = text.match(/\$\d+|\?/g) ?? [];
      expect(dialect === 'snowflake' ? places.length : new Set(places).size).toBe(parameters.length);
    }
  });

  it('is the same text for the same question', () => {
    const query: MetricQuery = { metrics: ['revenue', 'win_rate'], dimensions: ['user.office', 'metric_time:month'] };
    expect(compile(query)).toMatchObject({ text: compile(query).text, parameters: compile(query).parameters });
  });

  it('joins only what it reads', () => {
    expect(compile({ metrics: ['deals'] }).text).not.toContain('join');
    expect(compile({ metrics: ['deals'], dimensions: ['company.industry'] }).text.match(/left join/g)?.length).toBe(1);
    expect(compile({ metrics: ['calls'], dimensions: ['company.industry', 'host.office'] }).text.match(/left join/g)?.length).toBe(3);
  });

  it('scans the records of one model once, if no range or period is shifted', () => {
    const { text } = compile({ metrics: ['deals', 'revenue', 'win_rate', 'average_amount', 'margin'], dimensions: ['deal.status'] });
    expect(text.match(/from "deal"/g)?.length).toBe(1);
  });

  it('tells its columns', () => {
    const { columns } = compile({
      metrics: ['deals', 'revenue', 'last_close'],
      dimensions: ['company.industry', 'deal.close_date:month', 'deal.is_big', 'deal.amount'],
      compare: 'previous_year',
      time_range: { from: '2017-01-01', to: '2018-01-01' },
    });
    expect(columns).toEqual([
      { name: 'company.industry', type: 'text', label: 'Industry' },
      { name: 'deal.close_date:month', type: 'date', label: 'Closed on' },
      { name: 'deal.is_big', type: 'boolean', label: undefined },
      { name: 'deal.amount', type: 'decimal', label: undefined },
      { name: 'deals', type: 'integer', format: 'integer', unit: undefined, label: 'Deals' },
      { name: 'deals__previous', type: 'integer', format: 'integer', unit: undefined, label: 'Deals: before' },
      { name: 'deals__change', type: 'number', format: 'percent', label: 'Deals: change' },
      { name: 'revenue', type: 'decimal', format: 'currency', unit: undefined, label: 'Revenue' },
      { name: 'revenue__previous', type: 'decimal', format: 'currency', unit: undefined, label: 'Revenue: before' },
      { name: 'revenue__change', type: 'number', format: 'percent', label: 'Revenue: change' },
      { name: 'last_close', type: 'date', format: undefined, unit: undefined, label: undefined },
      { name: 'last_close__previous', type: 'date', format: undefined, unit: undefined, label: undefined },
    ]);
  });

  it('says whether it depends on today, and which day that is', () => {
    expect(compile({ metrics: ['deals'] })).toMatchObject({ usesToday: false, today: '2017-06-15' });
    expect(compile({ metrics: ['deals'] }, { timeZone: 'Europe/Berlin' }).today).toBe('2017-06-16');
    expect(compile({ metrics: ['deals'], time_zone: 'America/New_York' }, { timeZone: 'Europe/Berlin' }).today).toBe('2017-06-15');
    expect(compile({ metrics: ['deals'], as_of: '2016-01-01T23:00:00Z', time_zone: 'Europe/Berlin' }).today).toBe('2016-01-02');
    expect(compile({ metrics: ['deals'], as_of: '2016-01-01T00:00:00Z' }, { reportingDate: '2017-12-31' }).today).toBe('2017-12-31');
    expect(compile({ metrics: ['deals'], dimensions: ['deal.health'] }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals'], filters: [{ field: 'deal.health', operator: 'eq', values: ['won'] }] }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals'], time_range: { from: 'today-1day' } }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals_ten_days'] }).usesToday).toBe(true);
    expect(compile({ metrics: ['deals_ten_days'], time_range: { to: '2017-01-01' } }).usesToday).toBe(false);
  });

  it('says what it reads, by way of policies too', () => {
    const policy = { types: { deal: { rows: { field: 'owner.office', operator: 'eq' as const, values: ['East'] } } } };
    const { reads, models } = compile(
      { metrics: ['revenue'], dimensions: ['company.industry'], time_range: { from: '2017-01-01' } },
      { policy },
    );
    expect(models).toEqual(['deal']);
    expect(reads).toEqual([
      { recordType: 'company', fields: ['industry'] },
      { recordType: 'deal', fields: ['amount', 'close_date', 'company_id', 'currency', 'owner', 'status'] },
      { recordType: 'user', fields: ['office'] },
    ]);
  });
});
