import type { BranchMapping, CoverageMap } from 'istanbul-lib-coverage';

/** What may stay uncovered, file by file; every other file is covered to the last line and branch. */
export interface CoveragePolicy {
  readonly leftOut: Readonly<Record<string, LeftOut>>;
}

export interface LeftOut {
  readonly lines: number;
  readonly branches: number;
  /** Why no test reaches it. */
  readonly reason: string;
}

export interface FileCoverage {
  readonly file: string;
  readonly lines: Ratio;
  readonly branches: Ratio;
  readonly uncoveredLines: readonly number[];
  /** Line of each branch that no test took. */
  readonly uncoveredBranches: readonly number[];
}

interface Ratio {
  readonly total: number;
  readonly covered: number;
}

/** Per file, with paths from the root. */
export function fileCoverages(map: CoverageMap, root: string): FileCoverage[] {
  return map
    .files()
    .sort()
    .map((path) => {
      const coverage = map.fileCoverageFor(path);
      const { lines, branches } = coverage.toSummary();
      return {
        file: path.slice(root.length),
        lines,
        branches,
        uncoveredLines: coverage.getUncoveredLines().map(Number),
        uncoveredBranches: Object.entries(coverage.b).flatMap(([id, counts]) =>
          counts.flatMap((count, way) => (count > 0 ? [] : [lineOf(coverage.branchMap[id], way)])),
        ),
      };
    });
}

/** An else that is not written has no place of its own: its if has. */
const lineOf = (branch: BranchMapping | undefined, way: number): number =>
  branch?.locations[way]?.start.line ?? branch?.loc.start.line ?? 0;

/** What is uncovered beyond the policy, and what the policy names without need; empty when all is well. */
export function breaches(files: readonly FileCoverage[], { leftOut }: CoveragePolicy): string[] {
  const known = new Set(files.map(({ file }) => file));
  const gone = Object.keys(leftOut).filter((file) => !known.has(file));
  return [
    ...gone.map((file) => `${file} is left out by coverage.policy.json, but is no file of the product`),
    ...Object.entries(leftOut).flatMap(([file, { reason }]) => (reason.trim() === '' ? [`${file} is left out without a reason`] : [])),
    ...files.flatMap((coverage) => {
      const allowed = leftOut[coverage.file] ?? { lines: 0, branches: 0 };
      const over = (kind: 'lines' | 'branches', at: readonly number[]) =>
        coverage[kind].total - coverage[kind].covered > allowed[kind]
          ? [`${coverage.file}: no test reaches ${kind === 'lines' ? 'line' : 'the branch at line'} ${[...new Set(at)].join(', ')}`]
          : [];
      return [...over('lines', coverage.uncoveredLines), ...over('branches', coverage.uncoveredBranches)];
    }),
  ];
}

export interface WorkspaceCoverage {
  readonly workspace: string;
  readonly lines: Ratio;
  readonly branches: Ratio;
}

/** Sums by workspace (`packages/cache`), in order. */
export function workspaceCoverages(files: readonly FileCoverage[]): WorkspaceCoverage[] {
  const byWorkspace = Map.groupBy(files, ({ file }) => file.split('/').slice(0, 2).join('/'));
  const sum = (coverages: readonly FileCoverage[], kind: 'lines' | 'branches'): Ratio => ({
    total: coverages.reduce((total, coverage) => total + coverage[kind].total, 0),
    covered: coverages.reduce((covered, coverage) => covered + coverage[kind].covered, 0),
  });
  return [...byWorkspace].map(([workspace, coverages]) => ({
    workspace,
    lines: sum(coverages, 'lines'),
    branches: sum(coverages, 'branches'),
  }));
}
