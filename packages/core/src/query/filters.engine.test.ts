import type { Filter, MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';

const { ask } = useSmallEngine();

const dealsWhere = async (...filters: readonly Filter[]) =>
  (await ask({ metrics: ['deals'], dimensions: ['deal.name'], filters })).map(([name]) => name);

describe('filters', () => {
  const cases: readonly (readonly [string, Filter, readonly string[]])[] = [
    ['eq', { field: 'deal.status', operator: 'eq', values: ['lost'] }, ['three']],
    ['eq null', { field: 'deal.amount', operator: 'eq', values: [null] }, ['five', 'six']],
    ['ne leaves null out', { field: 'company.industry', operator: 'ne', values: ['it'] }, ['four', 'three']],
    ['ne null', { field: 'deal.owner', operator: 'ne', values: [null] }, ['five', 'four', 'one', 'three', 'two']],
    ['in', { field: 'deal.status', operator: 'in', values: ['lost', 'open'] }, ['five', 'three']],
    ['in with null', { field: 'company.industry', operator: 'in', values: ['retail', null] }, ['five', 'four', 'six', 'three']],
    ['gt', { field: 'amount', operator: 'gt', values: [50.5] }, ['four', 'one']],
    ['gte', { field: 'amount', operator: 'gte', values: ['50.5'] }, ['four', 'one', 'two']],
    ['lt', { field: 'deal.close_date', operator: 'lt', values: ['2017-01-20'] }, ['one']],
    ['lte', { field: 'deal.close_date', operator: 'lte', values: ['2017-01-20'] }, ['one', 'two']],
    ['between includes both', { field: 'deal.amount', operator: 'between', values: [0, 100] }, ['one', 'three', 'two']],
    ['contains minds case', { field: 'company.name', operator: 'contains', values: ['olt'] }, ['four', 'three']],
    ['starts_with', { field: 'company.name', operator: 'starts_with', values: ['acme'] }, []],
    ['is_null', { field: 'deal.close_date', operator: 'is_null' }, ['five']],
    ['is_null false', { field: 'company.industry', operator: 'is_null', values: [false] }, ['four', 'one', 'three', 'two']],
    ['a period', { field: 'deal.close_date:quarter', operator: 'eq', values: ['2017-01-01'] }, ['four', 'one', 'six', 'three', 'two']],
    ['a boolean', { field: 'deal.is_big', operator: 'eq', values: [true] }, ['four', 'one']],
    ['not of unknown is unknown', { not: { field: 'company.industry', operator: 'eq', values: ['it'] } }, ['four', 'three']],
    ['an empty and', { and: [] }, ['five', 'four', 'one', 'six', 'three', 'two']],
    ['an empty or', { or: [] }, []],
    [
      'or with an unknown part',
      {
        or: [
          { field: 'amount', operator: 'gt', values: [200] },
          { field: 'deal.status', operator: 'eq', values: ['open'] },
        ],
      },
      ['five', 'four'],
    ],
    [
      'and, not',
      {
        and: [
          { field: 'user.office', operator: 'eq', values: ['East'] },
          { not: { field: 'deal.status', operator: 'eq', values: ['won'] } },
        ],
      },
      ['three'],
    ],
  ];
  it.each(cases)('%s', async (_name, filter, names) => {
    expect(await dealsWhere(filter)).toEqual(names);
  });

  it('of a list of texts: whether it has one', async () => {
    const filters: Filter[] = [{ field: 'call.participants', operator: 'contains', values: ['y'] }];
    expect(await ask({ metrics: ['calls', 'calls_with_ann'], filters })).toEqual([[1, 0]]);
    expect(await ask({ metrics: ['calls_with_ann'] })).toEqual([[1]]);
  });

  it('an instant is compared with an instant, or its day in the zone with a day', async () => {
    const at = (operator: 'gte' | 'eq' | 'in', values: string[]): MetricQuery => ({
      metrics: ['calls'],
      filters: [{ field: 'call.started_at', operator, values }],
      time_zone: 'Europe/Berlin',
    });
    expect(await ask(at('gte', ['2017-02-01T00:30:00Z']))).toEqual([[2]]);
    expect(await ask(at('gte', ['2017-02-01']))).toEqual([[3]]);
    expect(await ask(at('eq', ['2017-02-01']))).toEqual([[2]]);
    expect(await ask(at('in', ['2017-02-01', '2017-03-26T00:30:00Z']))).toEqual([[3]]);
  });

  it('a reference and what is behind it are read together', async () => {
    const filters: Filter[] = [{ field: 'deal.company_id', operator: 'eq', values: ['acme'] }];
    expect(await ask({ metrics: ['deals', 'revenue_in_it', 'employees_reached'], filters })).toEqual([[2, '150.5000', 20]]);
    const both: Filter[] = [...filters, { field: 'company.industry', operator: 'eq', values: ['retail'] }];
    expect(await ask({ metrics: ['deals'], filters: both })).toEqual([[0]]);
  });

  it('several all hold', async () => {
    const filters: Filter[] = [
      { field: 'deal.status', operator: 'eq', values: ['won'] },
      { field: 'user.office', operator: 'eq', values: ['East'] },
    ];
    expect(await ask({ metrics: ['deals'], filters })).toEqual([[2]]);
  });

  it('common fields of every record can be filtered by', async () => {
    expect(await ask({ metrics: ['companies'], filters: [{ field: 'source_system', operator: 'eq', values: ['erp'] }] })).toEqual([[1]]);
  });
});
