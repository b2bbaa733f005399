import { BUILTIN_RECORD_TYPES } from '@sophia/types';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldOrDerived } from '../semantic/name-scope.ts';
import { bindExpression } from './bind-expression.ts';
import { ExpressionProblem } from './expression.ts';
import { parseExpression } from './parse-expression.ts';

const deal = BUILTIN_RECORD_TYPES.find(({ name }) => name === 'deal');

/** Reads and types the text; what cannot be is a problem with a place in the text. */
const readOrRefuse = (text: string): void => {
  try {
    bindExpression(parseExpression(text), (path, at) => {
      const found = deal === undefined || path.length > 1 ? undefined : fieldOrDerived(deal, path[0] ?? '', at);
      if (found === undefined) throw new ExpressionProblem(at, `no field ${path.join('.')}`);
      return found;
    });
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    expect(error.at).toBeGreaterThanOrEqual(0);
    expect(error.at).toBeLessThanOrEqual(text.length);
  }
};

const words = fc.constantFrom(
  ...['amount', 'status', 'close_date', 'owner', 'owner.', 'nothing', '__proto__', 'constructor', 'toString', "'won'", "'", "''", '"'],
  ...['1', '-1', '1e999', '0.1.2', '99999999999999999999', '2017-01-01', 'null', 'true', 'false', 'today', 'now'],
  ...['and', 'or', 'not', 'is', 'in', 'between', 'like', 'case', 'when', 'then', 'else', 'end', 'coalesce(', 'date_diff(', 'round('],
  ...[
    '(',
    ')',
    ',',
    '+',
    '-',
    '*',
    '/',
    '=',
    '!=',
    '<>',
    '<',
    '<=',
    '>',
    '>=',
    '||',
    '%',
    '.',
    ';',
    '--',
    '/*',
    '\\',
    '\u0000',
    '\u2028',
    '𝒳',
  ],
);

describe('whatever stands where an expression is asked for', () => {
  test('is read and typed, or refused with its place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => readOrRefuse(text)),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (all) => readOrRefuse(all.join(' '))),
      { numRuns: 3_000 },
    );
  });

  test.each(['(', 'not ', '- ', 'case when ', 'coalesce(', 'amount + ', 'amount in (', "'a' || ", '1 - '])(
    'does not end in a stack: %s many times',
    (text) => {
      for (const times of [39, 41, 400, 4_000, 40_000]) readOrRefuse(text.repeat(times));
    },
  );
});
