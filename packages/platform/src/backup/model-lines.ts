import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { BackupLine } from './backup-line.ts';

type ModelLine = Extract<BackupLine, { readonly model: string }>;

/**
 * All files in the folders of the workspaces' semantic models. Links are followed as they are when models are read: a workspace's
 * folder or its files may be mounted or lie elsewhere. Names that begin with a dot are those of editors and file systems.
 * Errors: those of the file system, since a backup that leaves a file out is none.
 */
export const readModelLines = async (folder: string): Promise<readonly ModelLine[]> => {
  const lines: ModelLine[] = [];
  for (const name of await namesIn(folder)) {
    for (const path of await filesIn(join(folder, name))) {
      lines.push({ model: relative(folder, path), text: await readFile(path, 'utf8') });
    }
  }
  return lines;
};

const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await kindOf(folder)) === 'folder' ? (await readdir(folder)).filter((name) => !isHidden(name)) : [];

/** Those of a workspace: of links within its folder only those to files, so that none leads round in a circle. */
const filesIn = async (workspace: string): Promise<readonly string[]> => {
  if ((await kindOf(workspace)) !== 'folder') return [];
  const entries = await readdir(workspace, { recursive: true, withFileTypes: true });
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name));
  const kinds = await Promise.all(paths.map(kindOf));
  return paths.filter((path, index) => kinds[index] === 'file' && !relative(workspace, path).split(sep).some(isHidden));
};

const isHidden = (name: string): boolean => name.startsWith('.');

/** Undefined for what is not there, as behind a link, and for what is neither. */
const kindOf = async (path: string): Promise<'file' | 'folder' | undefined> => {
  try {
    const found = await stat(path);
    if (found.isFile()) return 'file';
    return found.isDirectory() ? 'folder' : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
};
