import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT, readWorkspaces } from './repository.ts';

const workspaces = await readWorkspaces();
const root = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
const uses = [{ folder: '.', dependencies: {}, devDependencies: root.devDependencies }, ...workspaces].flatMap(
  ({ folder, dependencies, devDependencies }) =>
    Object.entries<string>({ ...dependencies, ...devDependencies }).map(([name, version]) => ({ folder, name, version })),
);

describe('manifests', () => {
  test('a workspace is named after its folder', () => {
    expect(workspaces.filter(({ name, folder }) => name !== `@sophia/${folder.split('/').at(-1)}`)).toEqual([]);
  });

  test('versions are pinned, and our own come from this repository', () => {
    const loose = uses.filter(({ name, version }) =>
      name.startsWith('@sophia/') ? version !== 'workspace:*' : !/^\d+\.\d+\.\d+[\w.-]*$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test('a package has one version in all workspaces', () => {
    const versions = Map.groupBy(uses, ({ name }) => name);
    const several = [...versions].filter(([, found]) => new Set(found.map(({ version }) => version)).size > 1);
    expect(several).toEqual([]);
  });

  test('the launcher brings the Bun that package.json names', async () => {
    const launcher = await readFile(join(ROOT, 'sophia'), 'utf8');
    expect(root.packageManager).toBe(`bun@${/^BUN_VERSION=(.*)$/m.exec(launcher)?.[1]}`);
  });

  test('the lock file names no registry', async () => {
    expect(await readFile(join(ROOT, 'bun.lock'), 'utf8')).not.toContain('://');
  });
});
