import { describe, expect, it } from 'vitest';
import { readAnswer } from './read-answer.ts';

describe('readAnswer', () => {
  const columns = [
    { name: 'a', type: 'decimal' as const },
    { name: 'b', type: 'integer' as const },
    { name: 'c', type: 'number' as const },
    { name: 'd', type: 'boolean' as const },
  ];
  const result = (values: readonly (readonly unknown[])[], names: readonly string[] = []) => ({
    columns: ['C0', 'C1', 'C2', 'C3', ...names].map((name) => ({ name })),
    values,
    rowCount: values[0]?.length ?? 0,
  });

  it('gives rows of plain values', () => {
    const values = [
      ['1.0000', null],
      ['9007199254740993', 7],
      ['0.5', 2],
      [true, null],
    ];
    expect(readAnswer({ columns, checks: [] }, result(values)).rows).toEqual([
      ['1.0000', '9007199254740993', 0.5, true],
      [null, 7, 2, null],
    ]);
  });

  it('names the currencies that are mixed, and takes the one that there is for a unit', () => {
    const check = { kind: 'one_currency', least: 'least_0', greatest: 'greatest_0', metric: 'a' } as const;
    const compiled = { columns, checks: [check] };
    const names = ['LEAST_0', 'GREATEST_0'];
    const one = readAnswer(compiled, result([['1'], [1], [1], [true], ['EUR'], ['EUR']], names));
    expect(one.columns.map(({ unit }) => unit)).toEqual(['EUR', undefined, undefined, undefined]);
    expect(() => readAnswer(compiled, result([['1'], [1], [1], [true], ['EUR'], ['USD']], names))).toThrow(
      expect.objectContaining({ code: 'mixed_currencies', details: { metric: 'a', currencies: ['EUR', 'USD'] } }),
    );
  });
});
