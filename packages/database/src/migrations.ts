import { createHash, randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { SophiaError, systemSleep } from '@sophia/shared';
import type pg from 'pg';
import type { PostgresConnection } from './postgres/connection-settings.ts';
import { isLockTimeout, toSophiaError } from './postgres/postgres-errors.ts';
import { withClient } from './postgres/with-client.ts';

/** A workspace of the code that owns tables: its SQL files `0001_name.sql`, `0002_...` in one folder. */
export interface MigrationModule {
  readonly module: string;
  readonly directory: URL;
}

/**
 * One SQL file. Its first line `-- no-transaction` says that it is one statement that cannot run in a transaction. A line
 * `-- was <checksum>` names the text that it had before, with the same outcome by other means: who has that one has this one.
 */
export interface Migration {
  readonly module: string;
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
  /** That of the text which it had before. */
  readonly formerly: string | undefined;
}

export interface MigrationReport {
  /** `module/0001_name` of each migration applied now. */
  readonly applied: readonly string[];
  readonly epoch: string;
}

export interface MigrateOptions {
  /** The number of a new database among those that may be merged one day, 0 to 32767; 0 unless told. */
  readonly databaseNumber?: number | undefined;
  /** Told who is waited for, each time that a lock was not to be had. */
  readonly onWait?: ((message: string) => void) | undefined;
  /** Milliseconds that a statement waits for a lock, and others behind it: 1,000 unless told. */
  readonly lockTimeout?: number | undefined;
  /** How often a migration is tried until it has its locks; 300 times unless told, a second apart. */
  readonly attempts?: number | undefined;
}

/**
 * Brings the database to what the code knows (D6): each file in its own transaction, in order of the
 * modules and of their numbers, under an advisory lock, so that several processes may start at once.
 * The port's own module comes first. Other instances go on meanwhile: what a migration has to lock it waits for only a second,
 * since everybody else queues behind it, and tries again later.
 *
 * Throws `unavailable` where a lock is not to be had, `invalid_configuration` where a database that was never migrated has tables with
 * the names of ours, `data_newer_than_code` where a migration was applied that the code does not know, and
 * `migration_changed` where the text of an applied one differs.
 */
export async function migrate(
  owner: PostgresConnection,
  modules: readonly MigrationModule[],
  options: MigrateOptions = {},
): Promise<MigrationReport> {
  const migrations = await loadMigrations([FOUNDATION, ...modules]);
  return withClient(owner, 'sophia-migrate', async (client) => {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseTablesOfOthers(client, migrations);
    await client.query(CREATE_JOURNAL);
    const pending = await pendingMigrations(client, migrations);
    for (const migration of pending) await applyInTime(client, migration, options);
    return { applied: pending.map(label), epoch: await ensureInstallation(client, options.databaseNumber ?? 0) };
  }).catch((error: unknown) => {
    throw toSophiaError(error);
  });
}

/** Gives the log a new epoch, so that no cursor of before is taken for one of now: after a restore or a move. Of one that has another epoch than `only`, nothing changes. */
export async function renewEpoch(owner: PostgresConnection, only?: string): Promise<string> {
  return withClient(owner, 'sophia-migrate', async (client) => {
    const epoch = makeEpoch();
    await client.query('update installation set epoch = $1 where epoch = coalesce($2, epoch)', [epoch, only ?? null]);
    return epoch;
  });
}

/** Runs a file that was applied, and that may be repeated, once more: over rows that have come since, out of a backup of before it. */
export async function repeatMigration(owner: PostgresConnection, { directory }: MigrationModule, file: string): Promise<void> {
  const text = await readFile(new URL(file, directory), 'utf8');
  // What is sent at once is one transaction.
  await withClient(owner, 'sophia-migrate', (client) => client.query(text));
}

/** The migrations of the modules' folders, in order. */
export async function loadMigrations(modules: readonly MigrationModule[]): Promise<Migration[]> {
  const loaded = await Promise.all(modules.map(loadModule));
  return loaded.flat();
}

export const FOUNDATION: MigrationModule = { module: 'database', directory: new URL('./migrations/', import.meta.url) };

const LOCK_TIMEOUT = 1_000;
const LOCK_ATTEMPTS = 300;
const READ_BLOCKERS = `select format('pid %s (%s, %s, open for %s s): %s', pid, usename, coalesce(nullif(application_name, ''), backend_type),
    extract(epoch from clock_timestamp() - xact_start)::int, left(regexp_replace(query, '\\s+', ' ', 'g'), 80)) as blocker
  from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
  order by xact_start limit 2`;
const MIGRATION_LOCK = 7_364_217_001;
const FORMERLY = /^-- was ([0-9a-f]{64})$/m;
const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/;
const CREATES_RELATION = /^create (?:table|sequence) (\w+)/gm;
/** Views, sequences and indexes share the names of tables. */
const READ_TABLES_OF_OTHERS = `select relname as name from pg_class
  where relnamespace = to_regnamespace('public') and relname = any ($1) and to_regclass('migration') is null order by relname`;
const CREATE_JOURNAL = `create table if not exists migration (
  module text not null,
  number int not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  primary key (module, number)
)`;

async function loadModule({ module, directory }: MigrationModule): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file, index) => {
      const [, number, name] = FILE_NAME.exec(file) ?? [];
      if (name === undefined || Number(number) !== index + 1) {
        throw new Error(
          `The migration ${module}/${file} must be called ${String(index + 1).padStart(4, '0')}_name.sql: numbers have no gaps.`,
        );
      }
      const text = await readFile(new URL(file, directory), 'utf8');
      // A checkout with other line endings is the same migration.
      const checksum = createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex');
      return { module, number: Number(number), name, text, checksum, formerly: FORMERLY.exec(text)?.[1] };
    }),
  );
}

/** Before anything is made: a migration that met such a table in the middle would leave those before it. */
async function refuseTablesOfOthers(client: pg.Client, migrations: readonly Migration[]): Promise<void> {
  const names = migrations.flatMap(({ text }) => [...text.matchAll(CREATES_RELATION)].map(([, name]) => name));
  const { rows } = await client.query<{ name: string }>(READ_TABLES_OF_OTHERS, [names]);
  if (rows.length === 0) return;
  const found = rows.map(({ name }) => name).join(', ');
  throw new SophiaError(
    'invalid_configuration',
    `The database has tables or views that are not Sophia's and have the names of its own (${found}): give Sophia a database of its own.`,
  );
}

async function pendingMigrations(client: pg.Client, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<{ module: string; number: number; name: string; checksum: string }>(
    'select module, number, name, checksum from migration order by applied_at, module, number',
  );
  const known = new Map(migrations.map((migration) => [`${migration.module} ${migration.number}`, migration]));
  for (const row of rows) {
    const migration = known.get(`${row.module} ${row.number}`);
    if (migration === undefined) {
      throw new SophiaError(
        'data_newer_than_code',
        `The database has the migration ${label(row)}, which this version of Sophia does not know.`,
        {
          details: { migration: label(row) },
        },
      );
    }
    if (migration.checksum !== row.checksum && migration.formerly !== row.checksum) {
      throw new SophiaError(
        'migration_changed',
        `The migration ${label(row)} was applied with another text than ${label(migration)} has now. Back the data up with the version of ` +
          'Sophia that ran on it last, and restore the backup with this one into a new data folder or database.',
        {
          details: { migration: label(row), expected: row.checksum, found: migration.checksum },
        },
      );
    }
    known.delete(`${row.module} ${row.number}`);
  }
  return [...known.values()];
}

/** Somebody who reads or writes for long holds a migration up, not everybody else behind it. */
async function applyInTime(client: pg.Client, migration: Migration, options: MigrateOptions): Promise<void> {
  const { onWait, lockTimeout = LOCK_TIMEOUT, attempts = LOCK_ATTEMPTS } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await apply(client, migration, lockTimeout);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      const message = `The migration ${label(migration)} waits for ${await readBlockers(client)}`;
      if (attempt === attempts) throw new SophiaError('unavailable', `${message}: end it, and start again.`, { cause: error });
      onWait?.(message);
      await systemSleep(lockTimeout);
    }
  }
}

/** The transactions that have been open for longest, which others wait for as a rule. */
async function readBlockers(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ blocker: string }>(READ_BLOCKERS);
  return rows.length === 0 ? 'a lock that somebody had' : rows.map(({ blocker }) => blocker).join(', ');
}

async function apply(client: pg.Client, migration: Migration, lockTimeout: number): Promise<void> {
  const { module, number, name, text, checksum } = migration;
  const inTransaction = !/^-- no-transaction\b/.test(text);
  try {
    if (inTransaction) await client.query(`begin; set local lock_timeout = ${lockTimeout}`);
    await client.query(text);
    await client.query('insert into migration (module, number, name, checksum) values ($1, $2, $3, $4)', [module, number, name, checksum]);
    if (inTransaction) await client.query('commit');
  } catch (error) {
    // Of a connection that is gone the error tells, and nothing is left to roll back.
    if (inTransaction) await client.query('rollback').catch(() => undefined);
    throw new SophiaError(
      'database_error',
      `The migration ${label(migration)} failed: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

async function ensureInstallation(client: pg.Client, databaseNumber: number): Promise<string> {
  await client.query('insert into installation (epoch, database_number) values ($1, $2) on conflict do nothing', [
    makeEpoch(),
    databaseNumber,
  ]);
  const { rows } = await client.query<{ epoch: string }>('select epoch from installation');
  return rows[0]?.epoch as string;
}

const makeEpoch = (): string => randomInt(36 ** 6, 36 ** 7).toString(36);

const label = ({ module, number, name }: { readonly module: string; readonly number: number; readonly name: string }): string =>
  `${module}/${String(number).padStart(4, '0')}_${name}`;
