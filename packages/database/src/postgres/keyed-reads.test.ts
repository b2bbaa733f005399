import { describe, expect, test } from 'vitest';
import { aloneStep, shareReads } from './keyed-reads.ts';
import type { BatchStep } from './pipelined-batch.ts';

const BY_ID = { name: 'by_id', text: 'select id, v from t where w = $1 and id = any ($2)', quick: true, keyed: { value: 1, column: 'id' } };
const PLAIN = { name: 'plain', text: 'select $1', quick: true };
const byId = (id: string, workspace = 1): BatchStep => ({ statement: BY_ID, values: [workspace, id] });
const result = (...rows: Record<string, unknown>[]) => ({ rows, command: '' });

describe('reads by key', () => {
  test('that differ in the key alone are one step, and each gets the rows of its own', () => {
    const { steps, rowsOf } = shareReads([byId('7'), byId('8'), byId('9'), byId('7')]);
    expect(steps).toEqual([{ statement: BY_ID, values: [1, ['7', '8', '9']] }]);
    const results = [result({ id: '8', v: 'b' }, { id: '7', v: 'a' }, { id: '7', v: 'c' })];
    const sevens = [
      { id: '7', v: 'a' },
      { id: '7', v: 'c' },
    ];
    expect([0, 1, 2, 3].map((read) => rowsOf(read, results))).toEqual([sevens, [{ id: '8', v: 'b' }], [], sevens]);
  });

  test('keys are told from each other as text, whatever the column is parsed to', () => {
    const { rowsOf } = shareReads([byId('7'), byId('8')]);
    expect(rowsOf(1, [result({ id: 8 }, { id: 7 })])).toEqual([{ id: 8 }]);
  });

  test.each([
    ['another value', byId('8', 2)],
    ['another text under the same name', { statement: { ...BY_ID, text: 'select 1' }, values: [1, '8'] }],
    ['another name', { statement: { ...BY_ID, name: 'other' }, values: [1, '8'] }],
    ['no key', { statement: PLAIN, values: [1] }],
  ])('of %s are steps of their own', (_, other) => {
    const { steps, rowsOf } = shareReads([byId('7'), other, byId('9')]);
    expect(steps).toHaveLength(2);
    expect(steps[0]?.values).toEqual([1, ['7', '9']]);
    const results = [result({ id: '9' }), result({ id: 'its own' })];
    expect([0, 1, 2].map((read) => rowsOf(read, results))).toEqual([[], [{ id: 'its own' }], [{ id: '9' }]]);
  });

  test('whose step was not done have no rows, also where others have', () => {
    const { rowsOf } = shareReads([byId('7'), { statement: PLAIN, values: [1] }]);
    expect([rowsOf(0, [result()]), rowsOf(1, [result()])]).toEqual([[], undefined]);
  });

  test('that run alone have an array of one', () => {
    expect(aloneStep(byId('7'))).toEqual({ statement: BY_ID, values: [1, ['7']] });
    const plain = { statement: PLAIN, values: [1] };
    expect(aloneStep(plain)).toBe(plain);
  });

  test('without a key are never one, even where they are the same', () => {
    const plain = { statement: PLAIN, values: [1] };
    expect(shareReads([plain, plain]).steps).toEqual([plain, plain]);
  });
});
