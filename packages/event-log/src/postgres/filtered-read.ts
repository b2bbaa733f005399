import { PAGE_BYTES } from '@sophia/database';
import type { LogEvent } from '@sophia/types';
import type { ReadOptions } from '../event-log.ts';
import { comparePlaces, type Place } from '../position.ts';
import { PAGE } from './bounded-rows.ts';
import type { EventReader } from './event-reader.ts';
import type { LogBatch } from './log-batch.ts';
import type { Select } from './select.ts';

/** Events of one read, unless told. */
export const READ_LIMIT = 1_000;
/** A filtered read looks at so many portions until it answers with what it has. */
const PORTIONS = 10;
/** Events of each portion but the first, at least: where few of them are wanted, a small limit would take many reads. */
const PORTION = 1_000;

/** The events between two places that pass the filters; the end is that of all that was looked at. */
export async function readFiltered(
  reader: EventReader<LogEvent>,
  select: Select,
  options: ReadOptions,
  { from, upTo }: { readonly from: Place; readonly upTo: Place | undefined },
): Promise<LogBatch<LogEvent>> {
  const { limit = READ_LIMIT, bytes: most = PAGE_BYTES } = options;
  const bound = { ...PAGE, bytes: most };
  let batch = await reader.read(select, from, { limit, bound, upTo });
  const isWanted = filterOf(options);
  if (isWanted === undefined) return batch;
  const events = batch.events.filter(isWanted);
  let { bytes = 0 } = batch;
  const isFull = (): boolean => events.length >= limit || bytes >= most || batch.isFull === true;
  for (let portion = 1, before = from; portion < PORTIONS && !isFull() && comparePlaces(batch.end, before) > 0; portion++) {
    before = batch.end;
    const room = limit - events.length;
    const next = await reader.read(select, before, { limit: Math.max(room, PORTION), bound, upTo });
    bytes += next.bytes ?? 0;
    // It is read again for the next page.
    if (events.length > 0 && bytes > most) break;
    batch = next;
    const wanted = batch.events.filter(isWanted);
    // No more than there is room for, so that what was looked at is also passed.
    const beyond = wanted[room];
    if (beyond !== undefined) batch = await reader.read(select, before, { limit: batch.events.indexOf(beyond), bound, upTo });
    events.push(...batch.events.filter(isWanted));
  }
  return { ...batch, events };
}

function filterOf({ workspace, kinds, recordTypes }: ReadOptions): ((event: LogEvent) => boolean) | undefined {
  if (workspace === undefined && kinds === undefined && recordTypes === undefined) return undefined;
  return (event) =>
    (workspace === undefined || event.workspace === workspace) &&
    (kinds === undefined || kinds.includes(event.kind)) &&
    (recordTypes === undefined || (event.record !== null && recordTypes.includes(event.record.record_type)));
}
