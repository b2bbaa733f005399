import { crc32 } from 'node:zlib';
import { type Database, PAGE_BYTES, type Statement } from '@sophia/database';
import { createPostgresDatabase, type PostgresConnection } from '@sophia/database/postgres';
import { exportLog } from '@sophia/event-log/postgres';
import type { Transaction } from '@sophia/types';
import { BACKUP_FORMAT, type BackupHeader, type BackupLine } from './backup-line.ts';
import { BACKUP_SEQUENCES, BACKUP_TABLES, type BackupTable } from './backup-tables.ts';
import { readModelLines } from './model-lines.ts';

export interface BackupSource {
  readonly owner: PostgresConnection;
  readonly version: string;
  /** Folder of the workspaces' own semantic models. */
  readonly modelsDirectory: string;
}

/** Takes text of whole lines; resolves when there is room for more. */
export type WriteText = (text: string) => Promise<void>;

/** A backup takes as long as it takes. */
const DEADLINE = 24 * 3_600_000;
/** Rows of a page at most; of large ones they are fewer. */
const PAGE = 1_000;

/** Writes everything as one snapshot sees it, while the platform runs. */
export const writeBackup = async (source: BackupSource, writeText: WriteText, signal: AbortSignal): Promise<void> => {
  let checksum = 0;
  const write: WriteText = (text) => {
    checksum = crc32(text, checksum);
    return writeText(text);
  };
  const { owner, version, modelsDirectory } = source;
  const models = await readModelLines(modelsDirectory);
  const database = await createPostgresDatabase({ connection: owner, role: 'owner', pool: { minimum: 1, maximum: 1 } });
  const put = (...lines: (BackupLine | BackupHeader)[]): Promise<void> => write(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  let begun = false;
  try {
    await database.read(
      [],
      async (transaction) => {
        // What was written of a first try cannot be taken back.
        if (begun) throw new Error('The connection was lost while the backup was written.');
        begun = true;
        await database.query(transaction, SEE_ALL);
        const [installation] = await database.query<{ database_number: number }>(transaction, INSTALLATION);
        await put({
          sophia_backup: BACKUP_FORMAT,
          version,
          created_at: new Date().toISOString(),
          database_number: installation?.database_number ?? 0,
        });
        for (const model of models) await put(model);
        await putSequences(database, transaction, put);
        const rows = await putTables(database, transaction, write, put);
        let events = 0;
        for await (const lines of exportLog(database, transaction)) {
          events += lines.filter((line) => 'event' in line).length;
          await put(...lines.map((log) => ({ log })));
        }
        await put({ end: { rows, events, crc32: checksum } });
      },
      { deadline: DEADLINE, signal },
    );
  } finally {
    await database.close();
  }
};

type Put = (...lines: BackupLine[]) => Promise<void>;

const putSequences = async (database: Database, transaction: Transaction, put: Put): Promise<void> => {
  for (const sequence of BACKUP_SEQUENCES) {
    const statement = { name: `backup_sequence_${sequence}`, text: `select last_value as last, is_called as called from "${sequence}"` };
    const [state] = await database.query<{ last: string; called: boolean }>(transaction, statement);
    if (state !== undefined) await put({ sequence, ...state });
  }
};

/** Resolves to the count of rows. */
const putTables = async (database: Database, transaction: Transaction, write: WriteText, put: Put): Promise<number> => {
  let count = 0;
  for (const table of BACKUP_TABLES) {
    const columns = await columnsOf(database, transaction, table);
    await put({ table: table.name, columns });
    for await (const page of rowsOf(database, transaction, table, columns)) {
      count += page.length;
      await write(page.map((row) => `${row}\n`).join(''));
    }
  }
  return count;
};

const columnsOf = async (database: Database, transaction: Transaction, { name, leftOut = [] }: BackupTable): Promise<readonly string[]> => {
  const columns = await database.query<{ name: string }>(transaction, COLUMNS, [name]);
  return columns.map((column) => column.name).filter((column) => !leftOut.includes(column));
};

/**
 * Rows as JSON that PostgreSQL writes itself, through a cursor of the snapshot: a page at a time, which ends with the row that
 * fills its bytes. A second cursor goes before it and tells how long the next rows are.
 */
async function* rowsOf(
  database: Database,
  transaction: Transaction,
  { name, key }: BackupTable,
  columns: readonly string[],
): AsyncGenerator<readonly string[]> {
  // Names are those of our own tables and columns.
  const listed = columns.map((column) => `"${column}"`).join(', ');
  const rows = `(select row_to_json(whole_row)::text as row from (select ${listed} from public."${name}" order by ${key}) as whole_row)`;
  const lengths = `backup_lengths_${name}`;
  const values = `backup_${name}`;
  await database.query(transaction, declare(lengths, `select octet_length(row) as length from ${rows} as lengths`));
  await database.query(transaction, declare(values, rows));
  for (;;) {
    const lengthsOfNext = await database.query<{ length: number }>(transaction, next(lengths, PAGE));
    if (lengthsOfNext.length === 0) return;
    for (const count of pagesOf(lengthsOfNext.map(({ length }) => length))) {
      const page = await database.query<{ row: string }>(transaction, next(values, count));
      yield page.map(({ row }) => row);
    }
  }
}

const declare = (cursor: string, rows: string): Statement => ({
  name: `declare_${cursor}`,
  text: `declare ${cursor} no scroll cursor for ${rows}`,
});

const next = (cursor: string, count: number): Statement => ({
  name: `fetch_${count}_${cursor}`,
  text: `fetch ${count} from ${cursor}`,
  passing: true,
});

/** How many rows of such lengths are of each page. */
const pagesOf = (lengths: readonly number[]): readonly number[] => {
  const counts: number[] = [];
  let page = 0;
  let bytes = 0;
  for (const length of lengths) {
    counts[page] = (counts[page] ?? 0) + 1;
    bytes += length;
    if (bytes < PAGE_BYTES) continue;
    page++;
    bytes = 0;
  }
  return counts;
};

// Row-level security shows the workspaces that are set, to the owner too. Whoever reads may be slow.
const SEE_ALL = {
  name: 'backup_see_all',
  text: `select set_config('sophia.workspaces', coalesce((select string_agg(id::text, ',') from workspace), ''), true),
    set_config('idle_in_transaction_session_timeout', '0', true), set_config('timezone', 'UTC', true)`,
};
const INSTALLATION = { name: 'backup_installation', text: 'select database_number from installation' };
const COLUMNS = {
  name: 'backup_columns',
  text: `select attname::text as name from pg_attribute
    where attrelid = format('public.%I', $1::text)::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
};
