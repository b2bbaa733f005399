import coverage, { type CoverageMapData } from 'istanbul-lib-coverage';
import { describe, expect, test } from 'vitest';
import { breaches, fileCoverages, workspaceCoverages } from './coverage-policy.ts';

const at = (line: number) => ({ start: { line, column: 0 }, end: { line, column: 10 } });

/** One file with two lines and an if: the hits of each line and of each way. */
const measured = (path: string, lines: [number, number], ways: [number, number]): CoverageMapData => ({
  [path]: {
    path,
    statementMap: { 0: at(1), 1: at(2) },
    s: { 0: lines[0], 1: lines[1] },
    branchMap: { 0: { loc: at(2), line: 2, type: 'if', locations: [at(2), at(2)] } },
    b: { 0: ways },
    fnMap: {},
    f: {},
  },
});
const filesOf = (...data: CoverageMapData[]) => {
  const map = coverage.createCoverageMap();
  for (const one of data) map.merge(one);
  return fileCoverages(map, '/work/');
};
const half = filesOf(measured('/work/packages/a/src/x.ts', [1, 0], [1, 0]));

describe('the policy of coverage', () => {
  test('a file that no test reaches everywhere is a breach that names the lines', () => {
    expect(breaches(half, { leftOut: {} })).toEqual([
      'packages/a/src/x.ts: no test reaches line 2',
      'packages/a/src/x.ts: no test reaches the branch at line 2',
    ]);
  });

  test('what is left out with a reason is none, up to its count', () => {
    expect(breaches(half, { leftOut: { 'packages/a/src/x.ts': { lines: 1, branches: 1, reason: 'only on Windows' } } })).toEqual([]);
    expect(breaches(half, { leftOut: { 'packages/a/src/x.ts': { lines: 1, branches: 0, reason: 'only on Windows' } } })).toHaveLength(1);
  });

  test('what is reached by chance is none, up to its count in the workspace', () => {
    const chance = (branches: number) => ({ leftOut: {}, byChance: { 'packages/a': { lines: 1, branches, reason: 'as processes meet' } } });
    expect(breaches(half, chance(1))).toEqual([]);
    expect(breaches(half, chance(0))).toHaveLength(1);
    expect(breaches(half, { leftOut: {}, byChance: { 'packages/a': { lines: 9, branches: 9, reason: '' } } })).toHaveLength(1);
  });

  test('an entry without a reason, or for a file that is gone, is a breach', () => {
    const leftOut = {
      'packages/a/src/x.ts': { lines: 1, branches: 1, reason: ' ' },
      'packages/a/src/gone.ts': { lines: 1, branches: 0, reason: 'old' },
    };
    expect(breaches(half, { leftOut })).toHaveLength(2);
  });

  test('what several projects covered is added up', () => {
    const files = filesOf(
      measured('/work/packages/a/src/x.ts', [1, 0], [1, 0]),
      measured('/work/packages/a/src/x.ts', [0, 1], [0, 1]),
      measured('/work/packages/b/src/y.ts', [1, 0], [0, 0]),
    );
    expect(workspaceCoverages(files)).toEqual([
      { workspace: 'packages/a', lines: expect.objectContaining({ total: 2, covered: 2 }), branches: { total: 2, covered: 2 } },
      { workspace: 'packages/b', lines: expect.objectContaining({ total: 2, covered: 1 }), branches: { total: 2, covered: 0 } },
    ]);
  });
});
