import type { Database, Statement } from '@sophia/database';
import { SophiaError } from '@sophia/shared';

/** The database's number in the 15 high bits of a record's id, so that databases can be merged. */
export async function readRecordIdBase(database: Database): Promise<string> {
  const [row] = await database.select<{ readonly base: string }>([], READ_BASE);
  if (row === undefined) throw new SophiaError('internal_error', 'The database has no installation row: its migrations have not run.');
  return row.base;
}

const READ_BASE: Statement = {
  name: 'catalog_record_id_base',
  text: 'select (database_number::bigint << 48)::text as base from installation',
};
