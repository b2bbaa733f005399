import type { BranchMapping, CoverageMap } from 'istanbul-lib-coverage';

/** What may stay uncovered, file by file; every other file is covered to the last line and branch. */
export interface CoveragePolicy {
  readonly leftOut: Readonly<Record<string, LeftOut>>;
  /** How much more may stay uncovered in a workspace, wherever it is: what is reached or not as threads and processes meet. */
  readonly byChance?: Readonly<Record<string, LeftOut>> | undefined;
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
export function breaches(files: readonly FileCoverage[], { leftOut, byChance = {} }: CoveragePolicy): string[] {
  const known = new Set(files.map(({ file }) => file));
  const gone = Object.keys(leftOut).filter((file) => !known.has(file));
  const unreasoned = Object.entries({ ...leftOut, ...byChance }).filter(([, { reason }]) => reason.trim() === '');
  return [
    ...gone.map((file) => `${file} is left out by coverage.policy.json, but is no file of the product`),
    ...unreasoned.map(([file]) => `${file} is left out without a reason`),
    ...(['lines', 'branches'] as const).flatMap((kind) =>
      [...Map.groupBy(files, workspaceOf)].flatMap(([workspace, own]) => {
        const over = own.map((coverage) => ({ coverage, count: uncovered(coverage, kind) - (leftOut[coverage.file]?.[kind] ?? 0) }));
        const total = over.reduce((sum, { count }) => sum + Math.max(0, count), 0);
        return total <= (byChance[workspace]?.[kind] ?? 0)
          ? []
          : over.flatMap(({ coverage, count }) => (count > 0 ? [breach(coverage, kind)] : []));
      }),
    ),
  ];
}

const uncovered = (coverage: FileCoverage, kind: 'lines' | 'branches'): number => coverage[kind].total - coverage[kind].covered;

const breach = ({ file, uncoveredLines, uncoveredBranches }: FileCoverage, kind: 'lines' | 'branches'): string =>
  kind === 'lines'
    ? `${file}: no test reaches line ${[...new Set(uncoveredLines)].join(', ')}`
    : `${file}: no test reaches the branch at line ${[...new Set(uncoveredBranches)].join(', ')}`;

/** `packages/cache`. */
const workspaceOf = ({ file }: Pick<FileCoverage, 'file'>): string => file.split('/').slice(0, 2).join('/');

export interface WorkspaceCoverage {
  readonly workspace: string;
  readonly lines: Ratio;
  readonly branches: Ratio;
}

/** Sums by workspace (`packages/cache`), in order. */
export function workspaceCoverages(files: readonly FileCoverage[]): WorkspaceCoverage[] {
  const byWorkspace = Map.groupBy(files, workspaceOf);
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
