import { expect, it } from 'vitest';
import { parseCount, queryOf } from './metric-query.ts';

it('is what the options say and nothing else', () => {
  expect(queryOf(['revenue'], { fill: true }, 0)).toEqual({ metrics: ['revenue'] });
  expect(
    queryOf(
      ['revenue,win_rate', 'deals_won'],
      {
        by: ['user.office', 'deal.close_date:month,product.name'],
        where: ['status=won'],
        having: ['revenue>5'],
        from: '2017',
        to: '2018-02',
        compare: 'previous-year',
        order: ['-revenue'],
        limit: '3',
        asOf: '1h',
        timeZone: 'Europe/Berlin',
        weekStart: 'sunday',
        fill: false,
      },
      3_600_000,
    ),
  ).toEqual({
    metrics: ['revenue', 'win_rate', 'deals_won'],
    dimensions: ['user.office', 'deal.close_date:month', 'product.name'],
    filters: [{ field: 'status', operator: 'eq', values: ['won'] }],
    having: [{ field: 'revenue', operator: 'gt', values: ['5'] }],
    time_range: { from: '2017-01-01', to: '2018-02-01' },
    compare: 'previous_year',
    order_by: ['-revenue'],
    limit: 3,
    as_of: '1970-01-01T00:00:00.000Z',
    time_zone: 'Europe/Berlin',
    week_start: 'sunday',
    fill: false,
  });
  expect(queryOf(['revenue'], { to: '2018' }, 0)).toEqual({ metrics: ['revenue'], time_range: { to: '2018-01-01' } });
});

it('names the option whose value is not allowed', () => {
  expect(() => queryOf(['revenue'], { compare: 'last_year' }, 0)).toThrow(
    '--compare is "last_year"; allowed is previous_period or previous_year.',
  );
  expect(() => parseCount('0', '--limit')).toThrow('--limit is "0"');
  expect(() => parseCount('many', '--limit')).toThrow('--limit is "many"');
});
