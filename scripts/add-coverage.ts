import type { CoverageMap, CoverageMapData, FileCoverage, FileCoverageData, Location, Range } from 'istanbul-lib-coverage';

/**
 * Adds what processes covered that ran the sources as they are to what Vitest covered of the same
 * sources as it transforms them. Statements and branches are the same there, but have other numbers,
 * end elsewhere, and functions begin at their names: they are found by where they begin.
 */
export function addByPlace(map: CoverageMap, other: CoverageMapData): void {
  for (const [path, started] of Object.entries(other)) {
    if (!map.files().includes(path)) map.merge({ [path]: started });
    else addFile(map.fileCoverageFor(path), dataOf(started));
  }
}

const dataOf = (coverage: FileCoverage | FileCoverageData): FileCoverageData => ('data' in coverage ? coverage.data : coverage);

function addFile({ data: own }: FileCoverage, started: FileCoverageData): void {
  const statements = new Map(Object.entries(own.statementMap).map(([id, { start }]) => [placeOf(start), id]));
  for (const [id, range] of Object.entries(started.statementMap)) {
    const found = statements.get(placeOf(range.start)) ?? before(own.statementMap, range);
    if (found !== undefined) own.s[found] = (own.s[found] ?? 0) + (started.s[id] ?? 0);
  }
  const branches = new Map(Object.entries(own.branchMap).map(([id, branch]) => [branchPlace(branch), id]));
  for (const [id, branch] of Object.entries(started.branchMap)) {
    const found = branches.get(branchPlace(branch));
    const counts = started.b[id] ?? [];
    if (found !== undefined) own.b[found] = (own.b[found] ?? []).map((count, way) => count + (counts[way] ?? 0));
  }
}

const placeOf = ({ line, column }: Location): string => `${line}:${column}`;

const branchPlace = ({ type, loc, locations }: FileCoverageData['branchMap'][string]): string =>
  `${type} ${placeOf(loc.start)} ${locations.length}`;

/** The nearest statement on the same line that begins before: the name of an arrow function. */
function before(statements: Readonly<Record<string, Range>>, { start }: Range): string | undefined {
  const onLine = Object.entries(statements).filter(([, each]) => each.start.line === start.line && each.start.column < start.column);
  return onLine.sort(([, one], [, other]) => other.start.column - one.start.column)[0]?.[0];
}
