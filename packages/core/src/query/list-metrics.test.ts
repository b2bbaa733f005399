import { describe, expect, it } from 'vitest';
import { SMALL_CONTEXT } from '../testing/small-context.ts';
import { smallLayer } from '../testing/small-world.ts';
import { compileQuery } from './compile-query.ts';
import { listAllowedMetrics, listMetrics } from './list-metrics.ts';

const layer = smallLayer();

describe('listMetrics', () => {
  const metrics = listMetrics(layer);
  const named = (name: string) => metrics.find((metric) => metric.name === name);

  it('says what each metric is, and its parts', () => {
    expect(metrics.length).toBe(layer.metrics.length);
    expect(listMetrics(layer)).toBe(metrics);
    expect(named('revenue')).toMatchObject({
      label: 'Revenue',
      description: '',
      type: 'simple',
      format: 'currency',
      unit: null,
      parts: [],
    });
    expect(named('win_rate')).toMatchObject({ label: 'Win rate', type: 'ratio', parts: ['numerator', 'denominator'] });
  });

  it('leaves out what may not be asked for, also as a part of others', () => {
    const parts = (forbidden: string) =>
      new Map(listAllowedMetrics(layer, (name) => name !== forbidden).map((metric) => [metric.name, metric.parts]));
    const all = parts('none');
    expect([...all]).toEqual(metrics.map((metric) => [metric.name, metric.parts]));
    const allowed = parts('deals_won');
    expect([...allowed.keys()]).toEqual([...all.keys()].filter((name) => name !== 'deals_won'));
    expect(allowed.get('win_rate')).toEqual(['denominator']);
  });

  it('says by what it can be asked, in the shortest way that means one thing', () => {
    const names = (metric: string) => named(metric)?.dimensions.map(({ name }) => name);
    expect(names('issues')).toEqual([
      'issue.state',
      'assignee.office',
      'assignee.team',
      'assignee.name',
      'creator.office',
      'creator.team',
      'creator.name',
    ]);
    expect(names('companies')).toEqual([
      'company.name',
      'company.industry',
      'company.country',
      'parent.name',
      'parent.industry',
      'parent.country',
    ]);
    expect(names('calls')).toEqual(
      expect.arrayContaining(['metric_time', 'call.direction', 'host.office', 'deal.status', 'deal.user.office', 'company.industry']),
    );
    expect(named('deals')?.dimensions.find(({ name }) => name === 'deal.close_date')).toEqual({
      name: 'deal.close_date',
      label: 'Closed on',
      type: 'time',
      grains: ['day', 'week', 'month', 'quarter', 'year'],
      identifying: false,
    });
  });

  it('of several models those that all have', () => {
    expect(named('calls_per_deal')?.dimensions.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['metric_time', 'deal.status', 'company.name']),
    );
    expect(named('calls_per_deal')?.dimensions.map(({ name }) => name)).not.toContain('call.direction');
  });

  it('can be asked by everything that it says', () => {
    for (const { name, dimensions } of metrics) {
      for (const dimension of dimensions)
        expect(
          () => compileQuery({ metrics: [name], dimensions: [dimension.name], time_range: undefined }, layer, SMALL_CONTEXT),
          dimension.name,
        ).not.toThrow(TypeError);
    }
  });
});
