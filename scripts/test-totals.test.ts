import { expect, test } from 'vitest';
import { failuresOf, sumOf, totalsOf, type VitestReport } from './test-totals.ts';

const report = (changes: Partial<VitestReport> = {}): VitestReport => ({
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...changes,
});

test('tests are counted as Vitest counts them', () => {
  expect(totalsOf(report({ numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 }), 1)).toEqual({ passed: 5, failed: 2, skipped: 2 });
});

test('a file that cannot be loaded is a failed test', () => {
  const testResults = [{ name: 'a.test.ts', status: 'failed', assertionResults: [] }];
  expect(totalsOf(report({ testResults }), 1)).toEqual({ passed: 5, failed: 1, skipped: 0 });
});

test('a run that ends badly has failed, whatever its tests say', () => {
  expect(totalsOf(report(), 1).failed).toBe(1);
  expect(totalsOf(undefined, 0).failed).toBe(1);
});

test('what failed is named with its reason, without the trace', () => {
  const testResults = [
    { name: '/r/unloaded.test.ts', status: 'failed', message: 'no such module\n    at import (a.ts:1)', assertionResults: [] },
    {
      name: '/r/a.test.ts',
      status: 'failed',
      assertionResults: [
        { fullName: 'one', status: 'passed' },
        { fullName: 'two', status: 'failed', failureMessages: ['expected 1\nto be 2\n    at a.test.ts:3:1'] },
      ],
    },
  ];
  expect(failuresOf(report({ testResults }), '/r/')).toEqual(['unloaded.test.ts: no such module', 'a.test.ts > two: expected 1\nto be 2']);
  expect(failuresOf(undefined, '/r/')).toEqual([]);
});

test('totals add up', () => {
  expect(sumOf([totalsOf(report(), 0), totalsOf(undefined, 1)])).toEqual({ passed: 5, failed: 1, skipped: 0 });
});
