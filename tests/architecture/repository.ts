import { glob, readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface Workspace {
  /** `@sophia/cache` */
  readonly name: string;
  /** `packages/cache` */
  readonly folder: string;
  readonly tags: readonly string[];
  /** Front doors by subpath: `.` → `./src/index.ts`. */
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly workspace: Workspace;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface Import {
  readonly specifier: string;
  /** The file of ours that it names, from the root; undefined for packages of others and Node's modules. */
  readonly target: string | undefined;
}

/** Code that proves or measures the product rather than being part of it. */
export const isProof = (path: string): boolean => /\.(test|contract)\.ts$|\/testing(\/|\.ts$|-)|^(tests|bench|scripts)\//.test(path);

export async function readWorkspaces(): Promise<Workspace[]> {
  const found: Workspace[] = [];
  for (const path of await paths('{packages,services,apps}/*/package.json', '{scripts,tests,bench}/package.json')) {
    const folder = dirname(path);
    const manifest = JSON.parse(await readFile(join(ROOT, path), 'utf8'));
    const turbo = JSON.parse(await readFile(join(ROOT, folder, 'turbo.json'), 'utf8'));
    found.push({
      name: manifest.name,
      folder,
      tags: turbo.tags,
      exports: manifest.exports ?? {},
      dependencies: { ...manifest.dependencies, ...manifest.optionalDependencies },
      devDependencies: manifest.devDependencies ?? {},
    });
  }
  return found;
}

export async function readSources(workspaces: readonly Workspace[]): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const path of await paths('{packages,services,apps}/*/src/**/*.ts', '{scripts,tests,bench}/**/*.ts')) {
    const workspace = workspaces.find(({ folder }) => path.startsWith(`${folder}/`));
    if (workspace === undefined) throw new Error(`${path} is in no workspace`);
    const text = await readFile(join(ROOT, path), 'utf8');
    files.push({ path, workspace, text, imports: importsOf(path, text, workspaces) });
  }
  return files;
}

/** Paths from the root, sorted, without what was installed. */
export async function paths(...patterns: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob(patterns, { cwd: ROOT, exclude: (name) => name === 'node_modules' || name.startsWith('.') }))
    found.push(path);
  return found.sort();
}

const STATEMENT = /^\s*(?:import|export)\s+(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm;
const DYNAMIC = /\bimport\(\s*'([^']+)'/g;

function importsOf(path: string, text: string, workspaces: readonly Workspace[]): Import[] {
  const found = [...text.matchAll(STATEMENT), ...text.matchAll(DYNAMIC)];
  return found.map(([, specifier = '']) => ({ specifier, target: targetOf(path, specifier, workspaces) }));
}

function targetOf(path: string, specifier: string, workspaces: readonly Workspace[]): string | undefined {
  if (specifier.startsWith('.')) return relative(ROOT, resolve(ROOT, dirname(path), specifier));
  const workspace = workspaces.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (workspace === undefined) return undefined;
  const door = workspace.exports[specifier === workspace.name ? '.' : `.${specifier.slice(workspace.name.length)}`];
  return door === undefined ? undefined : join(workspace.folder, door);
}
