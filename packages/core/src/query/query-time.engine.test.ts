import { describe, expect, it } from 'vitest';
import { useSmallEngine } from '../testing/small-engine.ts';

const { ask } = useSmallEngine();

describe('time', () => {
  it("the range applies to each measure's own time", async () => {
    const time_range = { from: '2017-01-01', to: '2017-02-01' };
    expect(await ask({ metrics: ['deals', 'deals_created', 'calls'], time_range })).toEqual([[2, 3, 1]]);
  });

  it('is half-open, and may be open', async () => {
    expect(await ask({ metrics: ['deals'], time_range: { from: '2017-01-20', to: '2017-03-31' } })).toEqual([[3]]);
    expect(await ask({ metrics: ['deals'], time_range: { from: '2017-03-31' } })).toEqual([[1]]);
    expect(await ask({ metrics: ['deals'], time_range: { to: '2017-01-20' } })).toEqual([[1]]);
  });

  it('groups by every grain, weeks by their first day', async () => {
    const by = async (grain: string, week_start?: 'sunday') =>
      (await ask({ metrics: ['deals'], dimensions: [`deal.close_date:${grain}`], fill: false, week_start })).map(
        ([day, count]) => `${day} ${count}`,
      );
    expect(await by('day')).toEqual(['2017-01-15 1', '2017-01-20 1', '2017-02-03 1', '2017-03-05 1', '2017-03-31 1', 'null 1']);
    // 15 January and 5 March 2017 were Sundays.
    expect(await by('week')).toEqual(['2017-01-09 1', '2017-01-16 1', '2017-01-30 1', '2017-02-27 1', '2017-03-27 1', 'null 1']);
    expect(await by('week', 'sunday')).toEqual(['2017-01-15 2', '2017-01-29 1', '2017-03-05 1', '2017-03-26 1', 'null 1']);
    expect(await by('month')).toEqual(['2017-01-01 2', '2017-02-01 1', '2017-03-01 2', 'null 1']);
    expect(await by('quarter')).toEqual(['2017-01-01 5', 'null 1']);
    expect(await by('year')).toEqual(['2017-01-01 5', 'null 1']);
  });

  it('a dimension of time without a grain is by day', async () => {
    const dimensions = ['deal.close_date'];
    expect(await ask({ metrics: ['deals'], dimensions, fill: false })).toEqual(
      await ask({ metrics: ['deals'], dimensions: ['deal.close_date:day'], fill: false }),
    );
  });

  it('instants belong to their day in the zone, over a change of summer time too', async () => {
    const by = (time_zone: string) => ask({ metrics: ['calls'], dimensions: ['call.started_at:day'], fill: false, time_zone });
    expect(await by('UTC')).toEqual([
      ['2017-01-31', 1],
      ['2017-02-01', 1],
      ['2017-03-26', 1],
    ]);
    expect(await by('Europe/Berlin')).toEqual([
      ['2017-02-01', 2],
      ['2017-03-26', 1],
    ]);
    expect(await by('America/New_York')).toEqual([
      ['2017-01-31', 2],
      ['2017-03-25', 1],
    ]);
  });

  it('a day bounds instants by its first moment in the zone', async () => {
    const time_range = { from: '2017-02-01', to: '2017-02-02' };
    expect(await ask({ metrics: ['calls'], time_range })).toEqual([[1]]);
    expect(await ask({ metrics: ['calls'], time_range, time_zone: 'Europe/Berlin' })).toEqual([[2]]);
    expect(await ask({ metrics: ['calls'], time_range: { from: '2017-01-31T23:30:00Z', to: '2017-02-01T01:30:00+01:00' } })).toEqual([[1]]);
  });

  it('relative bounds follow today', async () => {
    const context = { reportingDate: '2017-03-31' };
    expect(await ask({ metrics: ['deals'], time_range: { from: 'this_month', to: 'this_month+1month' } }, context)).toEqual([[2]]);
    expect(await ask({ metrics: ['deals'], time_range: { from: 'today-56days', to: 'today' } }, context)).toEqual([[2]]);
  });
});
