import { describe, expect, it } from 'vitest';
import { growthOf, growthTable, measureGrowth, parseSizes } from './growth.ts';
import { metricQueries } from './rows/06-metric-queries.ts';

const SIZES = [1_000, 10_000, 100_000];

describe('the growth of a cost', () => {
  it.each([
    ['level', [50, 50, 50], [0, 0], false],
    ['linear', [1, 10, 100], [1, 1], false],
    ['quadratic at the end', [1, 10, 1_000], [1, 2], true],
    ['twice the cost for ten times the records', [1, 2, 4], [0.301, 0.301], false],
  ] as const)('is the power of the records that it grows by: %s', (name, costs, powers, isSuperlinear) => {
    const growth = growthOf(name, SIZES, costs);
    for (const [index, power] of powers.entries()) expect(growth.powers[index]).toBeCloseTo(power, 2);
    expect(growth.isSuperlinear).toBe(isSuperlinear);
    expect(growthTable(SIZES, [growth]).includes('superlinear')).toBe(isSuperlinear);
  });

  it('is asked for at sizes that grow', () => {
    expect(parseSizes('500,1000')).toEqual([500, 1000]);
    for (const text of ['', '10', '10,10', '20,10', 'a,b', '1.5,2', '0,1']) expect(() => parseSizes(text)).toThrow('--sizes is');
  });

  it('of the metric queries is measured, question by question', { timeout: 180_000 }, async () => {
    const told: string[] = [];
    const growths = await measureGrowth(metricQueries, [500, 2_000], { smoke: true, rounds: 1, seconds: 1 }, (line) => told.push(line));
    expect(growths.length).toBeGreaterThan(4);
    for (const { costs, powers } of growths) expect([costs.every((cost) => cost > 0), powers.length]).toEqual([true, 1]);
    expect(told).toHaveLength(2);
  });
});
