import type { MetricQuery } from '@sophia/types';
import { describe, expect, it } from 'vitest';
import { SMALL_CONTEXT } from '../testing/small-context.ts';
import { smallLayer } from '../testing/small-world.ts';
import type { CompileContext } from './compile-context.ts';
import { compileQuery } from './compile-query.ts';

const layer = smallLayer();
const compile = (query: MetricQuery, more: Partial<CompileContext> = {}) => compileQuery(query, layer, { ...SMALL_CONTEXT, ...more });

describe('affects', () => {
  const won = { status: 'won', amount: '10', close_date: '2017-03-01', company_id: 'acme', currency: 'EUR' };
  const change = (before: object | null, after: object | null, recordType = 'deal') =>
    ({ recordType, before, after }) as Parameters<ReturnType<typeof compile>['affects']>[0];

  it('looks at the fields that are read, in records that pass before or after', () => {
    const { affects } = compile({ metrics: ['revenue'], time_range: { from: '2017-01-01', to: '2018-01-01' } });
    expect(affects(change(null, won))).toBe(true);
    expect(affects(change(won, null))).toBe(true);
    expect(affects(change(won, { ...won, amount: '11' }))).toBe(true);
    expect(affects(change(won, { ...won, status: 'lost' }))).toBe(true);
    expect(affects(change({ ...won, status: 'lost' }, won))).toBe(true);
    expect(affects(change(won, { ...won, name: 'other', company_id: 'x' }))).toBe(false);
    expect(affects(change(null, { ...won, status: 'lost' }))).toBe(false);
    expect(affects(change(null, { ...won, close_date: '2016-03-01' }))).toBe(false);
    expect(affects(change(null, { status: 'won' }))).toBe(false);
    expect(affects(change({ ...won, status: 'open' }, { ...won, status: 'lost' }))).toBe(false);
  });

  it('types that are not read never matter', () => {
    expect(compile({ metrics: ['revenue'] }).affects(change(null, {}, 'call'))).toBe(false);
    expect(compile({ metrics: ['revenue'] }).affects({ ...change(null, {}, 'call'), erased: true })).toBe(false);
  });

  it('records that are referred to matter by the fields that are read: not to be there is to have none', () => {
    const { affects } = compile({ metrics: ['deals'], dimensions: ['company.industry'] });
    expect(affects(change(null, { industry: 'it' }, 'company'))).toBe(true);
    expect(affects(change(null, { name: 'Acme' }, 'company'))).toBe(false);
    expect(affects(change({ industry: 'it' }, { industry: 'it', name: 'x' }, 'company'))).toBe(false);
    expect(affects(change({ industry: 'it' }, null, 'company'))).toBe(true);
  });

  it('where a condition is over other records it may be met', () => {
    const { affects } = compile({ metrics: ['deals'], filters: [{ field: 'user.office', operator: 'eq', values: ['East'] }] });
    expect(affects(change(null, {}))).toBe(true);
  });

  it('masked fields and fields of another type before are not judged by their value', () => {
    const filters: MetricQuery['filters'] = [{ field: 'status', operator: 'eq', values: ['won'] }];
    const lost = change(null, { status: 'lost' });
    expect(compile({ metrics: ['deals'], filters }).affects(lost)).toBe(false);
    const masks = [{ fields: ['status'] }];
    expect(compile({ metrics: ['deals'], filters }, { policy: { types: { deal: { masks } } } }).affects(lost)).toBe(true);
    expect(compile({ metrics: ['deals'], filters }, { table: () => undefined }).affects(lost)).toBe(true);
    const changedType: CompileContext['table'] = (recordType) => {
      const table = SMALL_CONTEXT.table(recordType);
      const status = table?.fields.get('status');
      if (table === undefined || status === undefined) return table;
      const columns = [...status.columns, { name: 'status__1', type: 'integer' as const }];
      return { ...table, fields: new Map(table.fields).set('status', { ...status, columns }) };
    };
    expect(compile({ metrics: ['deals'], filters }, { table: changedType }).affects(lost)).toBe(true);
  });

  it('common fields are not in the data, so they may have changed', () => {
    const { affects } = compile({ metrics: ['deals'], filters: [{ field: 'business_priority', operator: 'eq', values: ['high'] }] });
    expect(affects(change({ status: 'won' }, { status: 'won' }))).toBe(true);
  });

  it('the past changes only by what is erased, and by what policies look at', () => {
    const policy = { types: { deal: { rows: { field: 'owner.office', operator: 'eq' as const, values: ['East'] } } } };
    const query: MetricQuery = { metrics: ['revenue'], as_of: '2017-01-01T00:00:00Z' };
    expect(compile(query).affects(change(null, won))).toBe(false);
    expect(compile(query).affects({ ...change(won, won), erased: true })).toBe(true);
    expect(compile(query, { policy }).affects(change(null, won))).toBe(false);
    expect(compile(query, { policy }).affects(change(won, { ...won, owner: 'ann' }))).toBe(true);
    expect(compile(query, { policy }).affects(change({ office: 'East' }, { office: 'West' }, 'user'))).toBe(true);
  });
});
