import { describe, expect, it } from 'vitest';
import { company, model, problemsOf } from '../testing/model-problems.ts';

describe('problems', () => {
  it('of rollups', () => {
    const rollup = (text: string) =>
      problemsOf(
        company,
        model(`      - { name: most, aggregation: max, expression: amount }
      - { name: part, aggregation: sum, expression: amount / 2 }
      - { name: open_days, aggregation: sum, expression: days_open }
    rollups: [{ name: r, ${text} }]`),
      ).join('\n');
    expect(rollup('measures: [deals], dimensions: [status, company.industry], time_dimension: close_date, grain: week')).toBe('');
    expect(rollup('measures: [most], dimensions: []')).toContain('most is a max; a rollup keeps sums, counts and averages');
    expect(rollup('measures: [part], dimensions: []')).toContain('differences of those are not exact');
    expect(rollup('measures: [open_days], dimensions: []')).toContain('open_days depends on the current day');
    expect(rollup('measures: [deals], dimensions: [health]')).toContain('health depends on the current day');
    expect(rollup('measures: [deals], dimensions: [company.parent.industry]')).toContain('more than one reference away');
    expect(rollup('measures: [deals], dimensions: [], grain: month')).toContain('both a time_dimension and a grain');
    expect(rollup('measures: [deals], dimensions: [], grain: month, time_dimension: closed')).toContain('no dimension of time closed');
    expect(rollup('measures: [amount], dimensions: [], grain: month, time_dimension: close_date')).toContain(
      'the time of amount is none, not close_date',
    );
    expect(rollup('measures: [], dimensions: []')).toContain('a rollup is of at least one measure');
    expect(rollup('measures: [deals, amount, deals], dimensions: []')).toContain('deals is there twice');
    expect(rollup('measures: [deals], dimensions: [status, status]')).toContain('status is there twice');
    expect(rollup('measures: [3], dimensions: []')).toContain('measures: expected a text, found 3');
  });
});
