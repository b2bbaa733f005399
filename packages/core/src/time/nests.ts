import type { TimeGrain } from '@sophia/types';

/** Whether every period of the one grain lies within one period of the other. */
export function nests(grain: TimeGrain, within: TimeGrain): boolean {
  if (grain === within || grain === 'day') return true;
  if (grain === 'month') return within === 'quarter' || within === 'year';
  return grain === 'quarter' && within === 'year';
}
