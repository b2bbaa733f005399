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
  const ordered = accepted.filter(isInOrderOfArrival);
  const ours = ordered.filter(({ record }) => written.has(record.key));
  const others = ordered.filter(({ record }) => !written.has(record.key));
  const found =
    others.length === 0
      ? []
      : await database.query<{ readonly id: string; readonly is_overtaken: boolean }>(transaction, OVERTAKEN, [
          workspace,
          others.map(({ letter }) => letter.id),
        ]);
  const overtaken = found.filter((letter) => letter.is_overtaken);
  const older = ours.filter(({ letter, record }) => BigInt(letter.id) < (written.get(record.key) as bigint)); // It has the key.
  return new Set([...overtaken.map(({ id }) => id), ...older.map(({ letter }) => letter.id)]);
}

const isInOrderOfArrival = ({ letter, record }: AcceptedLetter): boolean =>
  letter.state === 'open' && record.source_version === null && record.occurred_at === null;

/**
 * Locks the records in the order of their keys, like every writer. Not by time, which goes back when a clock is set: by the
 * versions of the record and the numbers of letters. Letters that were kept before these were have their time alone; what one
 * transaction wrote and rejected has that of the transaction, and came in the order of its lines. `seen_at` is set by instances
 * of a version before alone, which may run beside this one: what they saw again, they say by nothing else.
 */
const OVERTAKEN: Statement = {
  name: 'catalog_overtaken_dead_letters',
  text: `select d.id, coalesce(
      d.record_version = -1
        or r.seen_letter >= d.id
        or (r.version is distinct from r.replayed_version and r.version > d.record_version)
        or (d.record_version is null
          and r.version is distinct from r.replayed_version and r.updated_at is distinct from r.replayed_at
          and (r.updated_at, r.last_line) > (d.created_at, d.line))
        or (r.seen_at, r.seen_line) > (d.created_at, d.line),
      false
    ) as is_overtaken
    from dead_letter as d
    join record as r on r.workspace = d.workspace and r.record_type = d.record_type and r.source_system = d.source_system
      and r.source_id = d.source_id
    where d.workspace = $1 and d.id = any ($2::bigint[])
    order by r.record_type, r.source_system, r.source_id for update of r`,
};

/** What the letters have written is as old as they are: a replay later on compares with that. A repair is as new as it is done. */
export async function keepArrivals(
  database: Database,
  transaction: Transaction,
  workspace: WorkspaceId,
  renewed: readonly AcceptedLetter[],
): Promise<void> {
  const open = renewed.filter(({ letter }) => letter.state === 'open');
  if (open.length === 0) return;
  const [ids, inOrder] = [open, open.filter(isInOrderOfArrival)].map((letters) => letters.map(({ letter }) => letter.id));
  await database.query(transaction, KEEP_ARRIVALS, [workspace, ids, inOrder]);
}

/**
 * Of the records that this transaction has changed, or seen again: a letter that was seen before would have been overtaken.
 * Both are locked.
 */
const KEEP_ARRIVALS: Statement = {
  name: 'catalog_keep_arrivals',
  text: `with written as (
      select distinct on (record_type, source_system, source_id) record_type, source_system, source_id, id
      from dead_letter where workspace = $1 and id = any ($2::bigint[])
      order by record_type, source_system, source_id, id desc
    ), arrived as (
      select d.*, exists (
        select from event as e where e.record_id = r.id and e.version = r.version and e.xid = pg_current_xact_id()
      ) as is_changed
      from written as d
      join record as r on r.workspace = $1 and r.record_type = d.record_type and r.source_system = d.source_system
        and r.source_id = d.source_id
    )
    update record as r set
      replayed_version = case when d.is_changed then r.version else r.replayed_version end, seen_letter = d.id
    from arrived as d
    where r.workspace = $1 and r.record_type = d.record_type and r.source_system = d.source_system and r.source_id = d.source_id
      and (d.is_changed or (d.id = any ($3::bigint[]) and r.seen_letter >= d.id))`,
};
