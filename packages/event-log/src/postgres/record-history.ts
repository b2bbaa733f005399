import { boundedPage } from '@sophia/database';
import type { RecordId, WorkspaceId } from '@sophia/types';
import type { HistoryPage, RecordChange } from '../event-log.ts';
import { formatPosition } from '../position.ts';
import { EVENT_COLUMNS, EVENT_VALUES, type EventRow, isCut, logEventOf } from './event-rows.ts';
import type { Select } from './select.ts';

type HistoryRow = EventRow & { readonly tick_at: string };

/** The changes of a record after a version, oldest first, as far as a tick has them; fewer where they are large. */
export async function readHistory(
  select: Select,
  workspace: WorkspaceId,
  record: RecordId,
  afterVersion: number,
  limit: number,
): Promise<HistoryPage> {
  const rows = await select<HistoryRow>(READ_HISTORY, [workspace, record, afterVersion, limit]);
  return { changes: rows.map(changeOf), isCut: isCut(rows, limit) };
}

function changeOf(row: HistoryRow): RecordChange {
  // Its offset in the tick is known only to who reads the tick.
  const { position: _, ...change } = logEventOf(row, formatPosition('', 0, 0), row.tick_at);
  return change;
}

// The first tick that sees a transaction is among those that were made after it began.
const READ_HISTORY = {
  name: 'event_log_read_history',
  text: boundedPage({
    columns: `${EVENT_COLUMNS}, tick_at`,
    rows: `select ${EVENT_COLUMNS.replaceAll(/\b(?=\w)/g, 'event.')}, seen.at as tick_at
    from event
      join lateral (
        (select at from tick where event.tick is not null and tick.tick = event.tick)
        union all
        (select at from tick where event.tick is null and tick.xid > event.xid and pg_visible_in_snapshot(event.xid, tick.snapshot)
          order by tick.xid limit 1)
      ) as seen on true
    where event.record_id = $2 and event.workspace = $1 and event.version > $3
    order by event.version limit $4`,
    values: EVENT_VALUES,
    order: 'version',
  }),
};
