import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SemanticFile } from '@sophia/core';

/** Where a workspace's semantic models are: its own folder in the data folder, else those that Sophia brings. */
export const modelsFolder = async (dataDirectory: string, workspace: string, shipped: string): Promise<string> => {
  const own = join(dataDirectory, 'models', workspace);
  const isThere = await stat(own).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isThere ? own : shipped;
};

/** The YAML files of a folder, in the order of their names. */
export const readModelFiles = async (folder: string): Promise<readonly SemanticFile[]> => {
  const names = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ path: join(folder, name), text: await readFile(join(folder, name), 'utf8') })));
};

/** Changes whenever a model file is added, changed or removed. */
export const modelsStamp = async (folder: string): Promise<string> => {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /\.ya?ml$/.test(name)).sort();
  const stats = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return names.map((name, index) => `${name} ${stats[index]?.mtimeMs ?? 0} ${stats[index]?.size ?? 0}`).join('\n');
};
