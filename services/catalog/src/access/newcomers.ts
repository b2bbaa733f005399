import type { Database, Statement } from '@sophia/database';
import type { NaturalKey, RecordId, Transaction } from '@sophia/types';

/** Where the records of a guarded write are looked for: their type ($1), and their keys as systems ($2) and ids ($3). */
export type KeyValues = readonly [recordType: string, sourceSystems: readonly string[], sourceIds: readonly string[]];

/** The keys of records of one type, as statements take them. */
export const keyValues = (recordType: string, keys: readonly NaturalKey[]): KeyValues => [
  recordType,
  keys.map(({ source_system }) => source_system),
  keys.map(({ source_id }) => source_id),
];

/**
 * Holds that each record which a write has touched was looked at before: one that was not there has no lock, and another
 * transaction may have made it meanwhile. Then this transaction runs again, and sees it.
 *
 * @param known those that were there, and are locked
 */
export async function holdNewcomers(
  database: Database,
  transaction: Transaction,
  keys: KeyValues,
  known: readonly RecordId[],
): Promise<void> {
  if (known.length === keys[1].length) return;
  const [found] = await database.query<{ readonly came: boolean }>(transaction, CAME_MEANWHILE, [...keys, known]);
  if (found?.came === true) await database.query(transaction, RUN_AGAIN);
}

/** What the transaction has made itself has its time. */
const CAME_MEANWHILE: Statement = {
  name: 'catalog_came_meanwhile',
  text: `select exists (
      select from record
      where record_type = $1 and (source_system, source_id) in (select * from unnest($2::text[], $3::text[]))
        and created_at is distinct from now() and id not in (select unnest($4::bigint[]))
    ) as came`,
};

/** As PostgreSQL says it where it notices by itself: the database runs such a transaction again, as often as there is time. */
const RUN_AGAIN: Statement = {
  name: 'catalog_run_again',
  text: "do $$ begin raise serialization_failure using message = 'A record came meanwhile that was not looked at.'; end $$",
};
