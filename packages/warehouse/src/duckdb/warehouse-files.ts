import { open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { damaged, messageOf } from './engine-error.ts';

/**
 * Which of the files beside each other is the warehouse: `<name>.<generation>.duckdb`, and `<name>.current.json` that
 * says which generation is in use. The first file is in use before anything says so.
 */
export interface WarehouseFiles {
  /** Errors: `warehouse_damaged`. */
  current(): Promise<number>;
  pathOf(generation: number): string;
  /** Makes the generation the one in use: durable when it resolves, and either the old or the new one after a crash. */
  use(generation: number): Promise<void>;
  /** Removes the files of a generation. */
  remove(generation: number): Promise<void>;
  /** Removes what rebuilds left that did not come to their end. */
  removeAllBut(generation: number): Promise<void>;
}

const FIRST = 1;

/** `file` ends in `.duckdb`: the generation's number is put before that. */
export function createWarehouseFiles(file: string): WarehouseFiles {
  const folder = dirname(file);
  const name = basename(file).replace(/\.duckdb$/, '');
  const pointer = join(folder, `${name}.current.json`);
  const pathOf = (generation: number) => join(folder, `${name}.${generation}.duckdb`);

  /** DuckDB keeps a write-ahead log and a folder for what does not fit into memory beside its file. */
  const remove = async (generation: number) => {
    for (const suffix of ['.wal', '.tmp', '']) await rm(pathOf(generation) + suffix, { recursive: true, force: true });
  };

  return {
    pathOf,
    remove,
    async current() {
      const text = await readFile(pointer, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? FIRST : readGeneration(text, pointer);
    },
    async use(generation) {
      const draft = `${pointer}.new`;
      await writeDurably(draft, `${JSON.stringify({ generation })}\n`);
      await rename(draft, pointer);
      await syncFolder(folder);
    },
    async removeAllBut(generation) {
      for (const entry of await readdir(folder)) {
        const found = entry.startsWith(`${name}.`) ? /^(\d+)\.duckdb(?:\.wal|\.tmp)?$/.exec(entry.slice(name.length + 1)) : null;
        if (found !== null && Number(found[1]) !== generation) await remove(Number(found[1]));
      }
    },
  };
}

function readGeneration(text: string, pointer: string): number {
  try {
    const { generation } = JSON.parse(text);
    if (Number.isSafeInteger(generation)) return generation;
    throw new TypeError('it names no generation');
  } catch (error) {
    throw damaged(`The file ${pointer}`, error, messageOf(error));
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
