import { describe, expect, it } from 'vitest';
import { shiftOfPeriods } from './date-shift.ts';

describe('shift of periods', () => {
  it('half a year more counts as a whole one, however many years it follows', () => {
    const halves = Array.from({ length: 100 }, (_, years) => 12 * years + 6);
    expect(halves.map((months) => shiftOfPeriods({ months, days: 0 }, 'year'))).toEqual(
      halves.map((months) => ({ months: months + 6, days: 0 })),
    );
  });

  it('days beside months bring the nearest whole number of quarters', () => {
    expect(shiftOfPeriods({ months: 3, days: 45 }, 'quarter')).toEqual({ months: 3, days: 0 });
    expect(shiftOfPeriods({ months: 3, days: 46 }, 'quarter')).toEqual({ months: 6, days: 0 });
    expect(shiftOfPeriods({ months: 0, days: 364 }, 'year')).toEqual({ months: 12, days: 0 });
  });
});
