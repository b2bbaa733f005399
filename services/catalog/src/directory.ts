import type { Directory } from '@sophia/auth';
import type { Database, Statement } from '@sophia/database';
import type { JsonObject } from '@sophia/types';
import type { RecordTypeBook } from './record-types/record-type-book.ts';

/** What policies are judged by: the record types, and the users' own records. */
export const createDirectory = (database: Database, recordTypes: RecordTypeBook): Directory => ({
  recordTypes: async (workspace) => [...(await recordTypes.types(workspace)).values()],
  async user(workspace, { source_system, source_id }) {
    const [row] = await database.select<{ readonly data: JsonObject }>([workspace], READ_USER, [workspace, source_system, source_id]);
    return row === undefined ? null : { ...row.data, source_system, source_id };
  },
});

const READ_USER: Statement = {
  name: 'catalog_read_user',
  text: `select data from record
    where workspace = $1 and record_type = 'user' and source_system = $2 and source_id = $3 and deleted_at is null`,
};
