import { isUtf8 } from 'node:buffer';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SemanticFile } from '@sophia/core';
import type { WorkspaceId } from '@sophia/types';

/** Where a workspace's semantic models are: its own folder in the data folder, else those that Sophia brings. */
export const modelsFolder = async (dataDirectory: string, workspace: string, shipped: string): Promise<string> => {
  const own = join(dataDirectory, 'models', workspace);
  const isThere = await stat(own).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isThere ? own : shipped;
};

/** The model files of workspaces. */
export interface ModelFiles {
  /** Whole, in the order of their names. */
  read(workspace: WorkspaceId): Promise<readonly SemanticFile[]>;
  /** Those of the workspaces of which a file was added, changed or removed since they were read last; none that were never read. */
  changed(workspaces: readonly WorkspaceId[]): AsyncIterable<WorkspaceId>;
}

export const createModelFiles = (folderOf: (workspace: WorkspaceId) => Promise<string>): ModelFiles => {
  /** Of the files as they were read last. */
  const stamps = new Map<WorkspaceId, string>();
  return {
    async read(workspace) {
      const folder = await folderOf(workspace);
      // Taken first: what changes while it is read has changed.
      const stamp = await stampOf(folder);
      const files = await readFiles(folder);
      stamps.set(workspace, stamp);
      return files;
    },
    async *changed(workspaces) {
      // Many have the folder of those that Sophia brings: it is looked at once.
      const found = new Map<string, Promise<string | undefined>>();
      for (const workspace of workspaces) {
        const known = stamps.get(workspace);
        if (known === undefined) continue;
        const folder = await folderOf(workspace);
        // Of one that cannot be looked at, whoever reads it is told why.
        const stamp = found.get(folder) ?? stampOf(folder).catch(() => undefined);
        found.set(folder, stamp);
        if (known !== (await stamp)) yield workspace;
      }
    },
  };
};

/** Files that begin with a dot are those of editors and file systems, not of the models. */
const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder)).filter((name) => /^[^.].*\.ya?ml$/s.test(name)).sort();

const readFiles = async (folder: string): Promise<readonly SemanticFile[]> =>
  (await Promise.all((await namesIn(folder)).map((name) => readOne(join(folder, name))))).flat();

/** One that cannot be read is a problem of its own, and takes the others' models from nobody; a folder or a pipe is no file. */
const readOne = async (path: string): Promise<readonly SemanticFile[]> => {
  try {
    if (!(await stat(path)).isFile()) return [];
    const bytes = await readFile(path);
    return [isUtf8(bytes) ? { path, text: bytes.toString() } : { path, text: '', unreadable: 'the file is not UTF-8: save it as UTF-8' }];
  } catch (error) {
    return [{ path, text: '', unreadable: `the file cannot be read: ${String(error)}` }];
  }
};

/** Differs whenever a file was added, changed or removed, or the folder is another. */
const stampOf = async (folder: string): Promise<string> => {
  const names = await namesIn(folder);
  const stats = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return JSON.stringify([folder, ...stats.map((found, index) => [names[index], found?.mtimeMs, found?.size])]);
};
