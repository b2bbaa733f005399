import { describe, expect, test } from 'vitest';
import { isProof, readSources, readWorkspaces, type SourceFile, type Workspace } from './repository.ts';

/** Lowest first; a workspace imports from floors below its own. */
const FLOORS = [
  ['types'],
  ['shared'],
  ['core'],
  ['observability'],
  ['database'],
  ['port'],
  ['auth'],
  ['service'],
  ['agents'],
  ['platform'],
  ['app'],
  ['sophia'],
  ['repository'],
];
/** Subpaths that are no adapters: what tests of other workspaces build on. */
const PROOF_DOORS = /\/(testing|contract)$/;
/** Nor these: how a workspace brings its own tables to the database. */
const OPEN_DOORS = /\/migrations$/;

const workspaces = await readWorkspaces();
const sources = await readSources(workspaces);
const byName = new Map(workspaces.map((workspace) => [workspace.name, workspace]));

const floorOf = ({ tags }: Workspace) => FLOORS.findIndex((floor) => floor.includes(tags[0] ?? ''));
const workspaceOf = (specifier: string) => byName.get(specifier.split('/').slice(0, 2).join('/'));
const offences = (offence: (file: SourceFile, specifier: string, target: string | undefined) => boolean) =>
  sources.flatMap((file) =>
    file.imports.filter(({ specifier, target }) => offence(file, specifier, target)).map(({ specifier }) => `${file.path} → ${specifier}`),
  );

describe('walls between workspaces', () => {
  test('every workspace stands on one floor', () => {
    expect(workspaces.filter((workspace) => workspace.tags.length !== 1 || floorOf(workspace) === -1)).toEqual([]);
  });

  test('imports go to floors below', () => {
    expect(
      offences((file, specifier) => {
        const other = workspaceOf(specifier);
        if (other === undefined || other === file.workspace) return false;
        return floorOf(other) >= floorOf(file.workspace) && !isProof(file.path);
      }),
    ).toEqual([]);
  });

  test('nothing is imported past a front door', () => {
    expect(
      offences((file, specifier, target) =>
        specifier.startsWith('.')
          ? !`${target}`.startsWith(`${file.workspace.folder}/`)
          : workspaceOf(specifier) !== undefined && target === undefined,
      ),
    ).toEqual([]);
  });

  test('every front door leads somewhere', () => {
    const files = new Set(sources.map(({ path }) => path));
    const doors = workspaces.flatMap(({ folder, exports }) => Object.values(exports).map((door) => `${folder}/${door.replace('./', '')}`));
    expect(doors.filter((door) => !files.has(door))).toEqual([]);
  });

  test('adapters are known to the platform, and to what proves or measures them', () => {
    expect(
      offences((file, specifier) => {
        const other = workspaceOf(specifier);
        if (other === undefined || specifier === other.name || PROOF_DOORS.test(specifier) || OPEN_DOORS.test(specifier)) return false;
        return file.workspace.tags[0] !== 'platform' && !isProof(file.path);
      }),
    ).toEqual([]);
  });

  test('what proves the product is not part of it', () => {
    expect(
      offences((file, specifier) => !isProof(file.path) && (PROOF_DOORS.test(specifier) || /\.(test|contract)\.ts$/.test(specifier))),
    ).toEqual([]);
  });

  test('every import of a package is declared by the workspace, the product ones as dependencies', () => {
    expect(
      offences((file, specifier) => {
        if (specifier.startsWith('.') || specifier.startsWith('node:')) return false;
        const name = specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/');
        if (name === file.workspace.name || name in file.workspace.dependencies) return false;
        return !(isProof(file.path) && name in file.workspace.devDependencies);
      }),
    ).toEqual([]);
  });
});

describe('cycles', () => {
  test('no file reaches itself by its imports, those of types alone included', () => {
    const edges = new Map(sources.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]));
    expect(cycles(edges)).toEqual([]);
  });

  test('no workspace reaches itself by its dependencies', () => {
    const edges = new Map(
      workspaces.map(({ name, dependencies }) => [name, Object.keys(dependencies).filter((other) => byName.has(other))]),
    );
    expect(cycles(edges)).toEqual([]);
  });

  test('a cycle would be found', () => {
    expect(
      cycles(
        new Map([
          ['a', ['b']],
          ['b', ['c', 'd']],
          ['c', ['b']],
          ['d', []],
        ]),
      ),
    ).toEqual(['b → c → b']);
  });
});

/** Each way back to a node that is still being walked, by depth-first search. */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) found.push([...path.slice(path.indexOf(node)), node].join(' → '));
    if (done.has(node) || path.includes(node)) return;
    for (const next of edges.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of edges.keys()) walk(node, []);
  return found;
}
