import type { Filter, MetricQuery, SemanticLayer } from '@sophia/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SMALL_TYPES, smallLayer } from '../testing/small-world.ts';
import { createTestEngine, type TestEngine } from '../testing/test-engine.ts';
import type { CompileContext } from './compile-context.ts';

let engine: TestEngine;
let layer: SemanticLayer;

beforeAll(async () => {
  layer = smallLayer();
  engine = await createTestEngine(SMALL_TYPES);
  const deal = (id: number, data: Record<string, string>) => ({ type: 'deal', id, source_id: `d${id}`, data });
  await engine.insert([
    deal(1, { name: 'a', status: 'won', amount: '10', currency: 'EUR', product: 'p', close_date: '2017-01-02' }),
    deal(2, { name: 'b', status: 'won', amount: '20', currency: 'USD', product: 'p', close_date: '2017-02-02' }),
    deal(3, { name: 'c', status: 'lost', amount: '30', product: 'p', close_date: '2017-02-03' }),
    { type: 'product', id: 31, source_id: 'p', data: { list_price: '40', currency: 'EUR' } },
  ]);
});

afterAll(() => engine.close());

const ask = (query: MetricQuery, context?: Partial<CompileContext>) => engine.ask(query, layer, context);
const mixed = expect.objectContaining({ code: 'mixed_currencies' });

describe('amounts in several currencies', () => {
  it('are not added up', async () => {
    await expect(ask({ metrics: ['amount'] })).rejects.toEqual(mixed);
    await expect(ask({ metrics: ['average_amount'] })).rejects.toEqual(mixed);
    await expect(ask({ metrics: ['growth'], dimensions: ['metric_time:month'] })).rejects.toEqual(mixed);
  });

  it('are not put under each other either, nor beyond the limit', async () => {
    await expect(ask({ metrics: ['amount'], dimensions: ['deal.name'] })).rejects.toEqual(mixed);
    await expect(ask({ metrics: ['amount'], dimensions: ['deal.name'], limit: 1 })).rejects.toEqual(mixed);
  });

  it('are not compared, though there is one in each of the ranges', async () => {
    const time_range = { from: '2017-02-01', to: '2017-03-01' };
    expect((await ask({ metrics: ['amount'], time_range })).rows).toEqual([['50.0000']]);
    const comparing = { metrics: ['amount'], time_range, compare: 'previous_period' } as const;
    await expect(ask(comparing)).rejects.toEqual(mixed);
    const byCurrency = await ask({ ...comparing, dimensions: ['deal.currency'] });
    expect(byCurrency.rows).toEqual([
      ['EUR', '0.0000', '10.0000', -1],
      ['USD', '20.0000', '0.0000', null],
      [null, '30.0000', '0.0000', null],
    ]);
  });

  it('are told though no row is left to tell it in', async () => {
    const time_range = { from: '2017-02-01', to: '2017-03-01' };
    for (const having of [[{ or: [] }], [{ field: 'amount', operator: 'gt' as const, values: ['1000'] }]]) {
      await expect(ask({ metrics: ['amount'], having })).rejects.toEqual(mixed);
      await expect(ask({ metrics: ['amount'], dimensions: ['deal.name'], having })).rejects.toEqual(mixed);
      const comparing = ask({ metrics: ['amount'], time_range, compare: 'previous_period', having });
      await expect(comparing).rejects.toEqual(mixed);
      const january = { from: '2017-01-01', to: '2017-02-01' };
      expect((await ask({ metrics: ['amount'], time_range: january, having })).rows).toEqual([]);
    }
  });

  it('are counted', async () => {
    expect((await ask({ metrics: ['amounts', 'deals_won'] })).rows).toEqual([[3, 2]]);
  });

  it('are shown by currency, or of one currency', async () => {
    expect((await ask({ metrics: ['amount'], dimensions: ['deal.currency'] })).rows).toEqual([
      ['EUR', '10.0000'],
      ['USD', '20.0000'],
      [null, '30.0000'],
    ]);
    const one = await ask({ metrics: ['amount'], filters: [{ field: 'currency', operator: 'eq', values: ['USD'] }] });
    expect(one).toMatchObject({ columns: [{ unit: 'USD' }], rows: [['20.0000']] });
  });

  it('a filter that lets two through does not help', async () => {
    await expect(ask({ metrics: ['amount'], filters: [{ field: 'currency', operator: 'in', values: ['EUR', 'USD'] }] })).rejects.toEqual(
      mixed,
    );
  });

  it('a filter by the currency of other amounts does not help', async () => {
    const filters: Filter[] = [{ field: 'product.currency', operator: 'eq', values: ['EUR'] }];
    expect((await ask({ metrics: ['list_value'], filters })).columns).toMatchObject([{ unit: 'EUR' }]);
    await expect(ask({ metrics: ['amount'], filters })).rejects.toEqual(mixed);
  });

  it('records without a currency do not count', async () => {
    const filters: Filter[] = [{ field: 'deal.name', operator: 'in', values: ['a', 'c'] }];
    expect(await ask({ metrics: ['amount'], filters })).toMatchObject({ columns: [{ unit: 'EUR' }], rows: [['40.0000']] });
  });

  it('an expression over two amounts looks at both', async () => {
    const filters: Filter[] = [{ field: 'deal.name', operator: 'eq', values: ['b'] }];
    await expect(ask({ metrics: ['discount'], filters })).rejects.toEqual(mixed);
    await expect(ask({ metrics: ['margin'], filters })).rejects.toEqual(mixed);
    const inEuro: Filter[] = [{ field: 'deal.name', operator: 'eq', values: ['a'] }];
    expect((await ask({ metrics: ['discount', 'margin'], filters: inEuro })).rows).toEqual([[0.75, '-30.0000']]);
  });

  it('of a type that has but one are not looked at', async () => {
    const answer = await ask({ metrics: ['amount', 'deals'] }, { onlyCurrency: () => 'EUR' });
    expect(answer).toMatchObject({ columns: [{ unit: 'EUR' }, {}], rows: [['60.0000', 3]] });
    expect((await ask({ metrics: ['amount'] }, { onlyCurrency: () => null })).columns[0]).not.toHaveProperty('unit', 'EUR');
    const types = (recordType: string) => (recordType === 'deal' ? 'USD' : 'EUR');
    await expect(ask({ metrics: ['margin'] }, { onlyCurrency: types })).rejects.toEqual(mixed);
  });
});
