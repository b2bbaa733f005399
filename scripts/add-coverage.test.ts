import coverage, { type CoverageMapData } from 'istanbul-lib-coverage';
import { expect, test } from 'vitest';
import { addByPlace } from './add-coverage.ts';

const at = (line: number, column: number, end: number) => ({ start: { line, column }, end: { line, column: end } });

/** A file with an arrow function, a statement in it, and a choice: with the hits of each. */
const measured = (name: number, end: number, hits: readonly number[], ways: readonly number[]): CoverageMapData => ({
  '/x.ts': {
    path: '/x.ts',
    statementMap: { 0: at(1, name, end), 1: at(2, 2, end) },
    s: { 0: hits[0] ?? 0, 1: hits[1] ?? 0 },
    branchMap: { 0: { loc: at(2, 9, end), line: 2, type: 'cond-expr', locations: [at(2, 12, end), at(2, 16, end)] } },
    b: { 0: [...ways] },
    fnMap: {},
    f: {},
  },
});

test('what other processes covered is found by where it begins', () => {
  const map = coverage.createCoverageMap(measured(6, 40, [1, 0], [0, 2]));
  addByPlace(map, measured(14, 39, [3, 4], [5, 0]));
  const file = map.fileCoverageFor('/x.ts');
  expect([file.s, file.b]).toEqual([{ 0: 4, 1: 4 }, { 0: [5, 2] }]);
});

test('a file that nobody else covered is taken as it is', () => {
  const map = coverage.createCoverageMap({});
  addByPlace(map, measured(6, 40, [1, 0], [0, 2]));
  expect(map.fileCoverageFor('/x.ts').b).toEqual({ 0: [0, 2] });
});
