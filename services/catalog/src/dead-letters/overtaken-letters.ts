import type { Database, Statement } from '@sophia/database';
import type { Transaction, WorkspaceId } from '@sophia/types';
import type { IncomingRecord } from '../rows/incoming-record.ts';
import type { DeadLetterRow } from './dead-letter-row.ts';

/** A letter whose row is fit to be written now. */
export interface AcceptedLetter {
  readonly letter: DeadLetterRow;
  readonly record: IncomingRecord;
}

/** Keys that a replay has written, each with the letter that it was last written from. */
export type WrittenKeys = Map<string, bigint>;

/**
 * Letters that are older than what their record has become, or was said again to be, since: by order of arrival, where the source gives no order of
 * its own. A repair is newer than what it replaces.
 */
export async function overtakenLetters(
  database: Database,
  transaction: Transaction,
  workspace: WorkspaceId,
  accepted: readonly AcceptedLetter[],
  written: ReadonlyMap<string, bigint>,
): Promise<ReadonlySet<string>> {
  const ordered = accepted.filter(
    ({ letter, record }) => letter.state === 'open' && record.source_version === null && record.occurred_at === null,
  );
  const ours = ordered.filter(({ record }) => written.has(record.key));
  const others = ordered.filter(({ record }) => !written.has(record.key));
  const found =
    others.length === 0
      ? []
      : await database.query<{ readonly id: string }>(transaction, OVERTAKEN, [workspace, others.map(({ letter }) => letter.id)]);
  const older = ours.filter(({ letter, record }) => BigInt(letter.id) < (written.get(record.key) as bigint)); // It has the key.
  return new Set([...found.map(({ id }) => id), ...older.map(({ letter }) => letter.id)]);
}

/**
 * Locks the records in the order of their keys, like every writer. What one transaction wrote and rejected has its
 * time, and came in the order of its lines.
 */
const OVERTAKEN: Statement = {
  name: 'catalog_overtaken_dead_letters',
  text: `select d.id from dead_letter as d
    join record as r on r.workspace = d.workspace and r.record_type = d.record_type and r.source_system = d.source_system
      and r.source_id = d.source_id
    where d.workspace = $1 and d.id = any ($2::bigint[])
      and (
        (r.updated_at is distinct from r.replayed_at and (r.updated_at, r.last_line) > (d.created_at, d.line))
        or (r.seen_at, r.seen_line) > (d.created_at, d.line)
      )
    order by r.record_type, r.source_system, r.source_id for update of r`,
};

/** What the letters have written is as old as they are: a replay later on compares with that. A repair is as new as it is done. */
export async function keepArrivals(
  database: Database,
  transaction: Transaction,
  workspace: WorkspaceId,
  renewed: readonly AcceptedLetter[],
): Promise<void> {
  const ids = renewed.filter(({ letter }) => letter.state === 'open').map(({ letter }) => letter.id);
  if (ids.length > 0) await database.query(transaction, KEEP_ARRIVALS, [workspace, ids]);
}

/** Of the records that this transaction has changed or seen again, and has locked; what is older would have overtaken the letter. */
const KEEP_ARRIVALS: Statement = {
  name: 'catalog_keep_arrivals',
  text: `update record as r set
      replayed_at = case when r.updated_at = now() then r.updated_at else r.replayed_at end, seen_at = d.created_at, seen_line = d.line
    from (
      select distinct on (record_type, source_system, source_id) record_type, source_system, source_id, created_at, line
      from dead_letter where workspace = $1 and id = any ($2::bigint[])
      order by record_type, source_system, source_id, id desc
    ) as d
    where r.workspace = $1 and r.record_type = d.record_type and r.source_system = d.source_system and r.source_id = d.source_id
      and (r.updated_at = now() or r.seen_at = now())`,
};
