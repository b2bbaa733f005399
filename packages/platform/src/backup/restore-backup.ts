import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { AUTH_MIGRATIONS } from '@sophia/auth/migrations';
import { CATALOG_MIGRATIONS, REPAIRED_IDS } from '@sophia/catalog';
import { type Database, PAGE_BYTES, sqlStateOf } from '@sophia/database';
import { migrate, renewEpoch, repeatMigration } from '@sophia/database/migrations';
import { createPostgresDatabase, type DatabaseRole } from '@sophia/database/postgres';
import { EVENT_LOG_MIGRATIONS, type ExportedLine, importLog } from '@sophia/event-log/postgres';
import type { Logger } from '@sophia/observability';
import { type Configuration, createLifecycle, isSophiaError, SophiaError } from '@sophia/shared';
import { closeDeadlineOf } from '../close-deadline.ts';
import { openDatabase } from '../open-database.ts';
import type { BackupCounts, BackupLine } from './backup-line.ts';
import { BACKUP_SEQUENCES, BACKUP_TABLES } from './backup-tables.ts';
import { damaged, readBackup } from './read-backup.ts';

export interface RestoreOptions {
  readonly configuration: Configuration;
  readonly backup: Readable;
  readonly logger: Logger;
  /** Told of the rows and events so far. */
  readonly progress?: ((counts: BackupCounts) => void) | undefined;
}

/** Rows that are written at once, at most; of large ones they are fewer, so that no more is held than a page. */
const BATCH = 1_000;
const DEADLINE = 10 * 60_000;
/** Model files are in this folder of the data folder. */
const MODELS = 'models';

/**
 * Brings a backup into an empty database, under a new epoch: cursors and tokens of before are refused,
 * places and times of events are as they were. What is derived is made from the log at the next start.
 * Errors: `backup_damaged`, `backup_newer`, `log_not_empty`. One that fails is begun again in a new database.
 */
export const restoreDatabase = async ({ configuration, backup, logger, progress }: RestoreOptions): Promise<BackupCounts> => {
  const { header, lines } = await readBackup(backup);
  const lifecycle = createLifecycle({ closeDeadline: closeDeadlineOf(configuration) });
  await mkdir(configuration.dataDirectory, { recursive: true, mode: 0o700 });
  try {
    const postgres = await lifecycle.start('postgres', () => openDatabase(configuration.database, logger));
    const connection = postgres.connection('owner');
    await migrate(connection, [EVENT_LOG_MIGRATIONS, AUTH_MIGRATIONS, CATALOG_MIGRATIONS], { databaseNumber: header.database_number });
    const open = (role: DatabaseRole): Promise<Database> =>
      lifecycle.start(`database as ${role}`, () =>
        createPostgresDatabase({ connection: postgres.connection(role), role, pool: { minimum: 1, maximum: 3 } }),
      );
    const [owner, log] = await Promise.all([open('owner'), open('log')]);
    await requireEmpty(owner);
    const models = join(configuration.dataDirectory, MODELS);
    const { hasOldLetters, ...counts } = await bringBack({ owner, log, models, progress }, lines).catch((error: unknown) => {
      throw isBadData(error) ? damaged(error.message, error) : error;
    });
    if (hasOldLetters) await repeatMigration(connection, CATALOG_MIGRATIONS, REPAIRED_IDS);
    await renewEpoch(connection);
    return counts;
  } finally {
    await lifecycle.close();
  }
};

const requireEmpty = async (owner: Database): Promise<void> => {
  const [state] = await owner.select<{ has_rows: boolean }>([], IS_USED);
  if (state?.has_rows === true) throw new SophiaError('log_not_empty', 'The database has workspaces: a backup is restored into a new one.');
};

/** What the database or the log refuses as what a row or an event may not be. */
const isBadData = (error: unknown): error is Error => {
  if (error instanceof TypeError && error.message.includes('of a COPY takes')) return true;
  if (isSophiaError(error, 'invalid_request')) return true;
  return isSophiaError(error, 'database_error') && /^(22|23|42|$)/.test(sqlStateOf(error) ?? '');
};

interface Target {
  readonly owner: Database;
  readonly log: Database;
  readonly models: string;
  readonly progress: RestoreOptions['progress'];
}

interface Restored extends BackupCounts {
  /** Whether rejected rows came without `record_version`, which has stood in every backup since letters name their records. */
  readonly hasOldLetters: boolean;
}

const bringBack = async ({ owner, log, models, progress }: Target, lines: AsyncIterable<BackupLine | string>): Promise<Restored> => {
  const reading = lines[Symbol.asyncIterator]();
  let hasOldLetters = false;
  let rows = 0;
  let events = 0;
  let end: BackupCounts | undefined;
  let table: Extract<BackupLine, { table: string }> | undefined;
  let waiting: string[] = [];
  /** Characters of those that wait. */
  let size = 0;
  const flush = async (): Promise<void> => {
    if (table === undefined || waiting.length === 0) return;
    await insertRows(owner, table.table, table.columns, waiting);
    rows += waiting.length;
    waiting = [];
    size = 0;
    progress?.({ rows, events });
  };
  const takeLog = async (first: ExportedLine): Promise<void> => {
    async function* ofLog(): AsyncGenerator<ExportedLine> {
      for (let line = first; ; ) {
        yield line;
        if ('event' in line) events++;
        if (events % BATCH === 0) progress?.({ rows, events });
        const { value: next, done } = await reading.next();
        if (done === true || typeof next === 'string' || !('log' in next)) {
          if (done !== true && typeof next !== 'string' && 'end' in next) end = next.end;
          return;
        }
        line = next.log;
      }
    }
    ({ events } = await importLog(log, ofLog()));
  };

  for (;;) {
    const { value: line, done } = await reading.next();
    if (done === true) break;
    if (typeof line === 'string') {
      waiting.push(line);
      size += line.length;
      if (waiting.length >= BATCH || size >= PAGE_BYTES) await flush();
      continue;
    }
    await flush();
    if ('model' in line) await writeModel(models, line);
    else if ('sequence' in line) await setSequence(owner, line);
    else if ('table' in line) {
      table = line;
      hasOldLetters ||= isOfOldLetters(line);
    } else if ('log' in line) await takeLog(line.log);
    else end = line.end;
  }
  await flush();
  if (end === undefined) throw damaged('it was cut off before its end');
  if (end.rows !== rows || end.events !== events) {
    throw damaged(`it says ${end.rows} rows and ${end.events} events, and has ${rows} and ${events}`);
  }
  return { rows, events, hasOldLetters };
};

const isOfOldLetters = ({ table, columns }: Extract<BackupLine, { table: string }>): boolean =>
  table === 'dead_letter' && !columns.includes('record_version');

const insertRows = async (owner: Database, table: string, columns: readonly string[], rows: readonly string[]): Promise<void> => {
  if (!BACKUP_TABLES.some(({ name }) => name === table)) throw newer(`table ${table}`);
  const odd = columns.find((column) => !/^[a-z_]{1,63}$/.test(column));
  if (odd !== undefined) throw damaged(`${odd} is no column`);
  const listed = columns.map((column) => `"${column}"`).join(', ');
  const statement = {
    name: `restore_${table}`,
    text: `insert into public."${table}" (${listed}) overriding system value
      select ${listed} from json_populate_recordset(null::public."${table}", $1::json)`,
  };
  const values = [`[${rows.join(',')}]`];
  await owner.write(
    [],
    async (transaction) => {
      await owner.query(transaction, SEE_ALL, values);
      await owner.query(transaction, statement, values);
    },
    { deadline: DEADLINE },
  );
};

const setSequence = async (owner: Database, { sequence, last, called }: Extract<BackupLine, { sequence: string }>): Promise<void> => {
  if (!BACKUP_SEQUENCES.some((name) => name === sequence)) throw newer(`sequence ${sequence}`);
  await owner.write([], (transaction) => owner.query(transaction, SET_SEQUENCE, [sequence, last, called]));
};

const writeModel = async (folder: string, { model, text }: Extract<BackupLine, { model: string }>): Promise<void> => {
  const path = join(folder, normalize(model));
  if (!path.startsWith(folder + sep)) throw damaged(`${model} is no place for a model`);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, text);
};

const newer = (what: string): SophiaError =>
  new SophiaError('backup_newer', `The backup has the ${what}, which this version does not know: it was written by a later one.`);

const IS_USED = { name: 'restore_is_used', text: 'select exists (select from workspace) as has_rows' };
// Row-level security holds for the owner too, where it is no superuser: the workspaces of the rows are set.
const SEE_ALL = {
  name: 'restore_see_all',
  text: `select set_config('sophia.workspaces', coalesce(string_agg(distinct each_row ->> 'workspace', ','), ''), true) from json_array_elements($1::json) as each_row`,
};
const SET_SEQUENCE = { name: 'restore_sequence', text: 'select setval($1::regclass, $2, $3)' };
