import type { JsonObject, LogEvent, RecordId } from '@sophia/types';
import { seesComing } from '../access/some-records.ts';
import type { Catalog } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { pageLimit } from './cursor.ts';
import { readSeen, type SeenRecord } from './seen-by-id.ts';
import { seenData, seenFields } from './sight.ts';

/** Pages of the workspace's log: of records that the principal may see as they are now, and of none where it sees any. */
export function createEventFeed(context: CatalogContext): Catalog['events'] {
  const { eventLog, clock, audit, book, policy, database } = context;
  return async (call, options = {}) => {
    const begun = clock.monotonic();
    const { principal, deadline, signal } = call;
    const { workspace } = principal;
    const { after = null, kinds, recordTypes } = options;
    const limit = pageLimit(options.limit);
    const page = await eventLog.read(after, { limit, workspace, kinds, recordTypes, deadline, signal });
    const { events, cursor, completeTo, more } = page;
    const [types, resolved] = await Promise.all([book.types(workspace), policy.resolve(principal)]);
    const seen = new Map<RecordId, SeenRecord>();
    for (const [recordType, ids] of idsByType(events)) {
      if (resolved.records(recordType).access !== 'records') continue;
      const ofType = await readSeen(database, { workspace, recordType, ids: [...ids], types, policy: resolved, deadline, signal });
      for (const [id, record] of ofType) seen.set(id, record);
    }
    const visible = events.flatMap((event) => (event.record === null && !seesComing(resolved, types) ? [] : seenEvent(event, seen)));
    await audit.read({ call, action: 'events', object: 'events', rows: visible.length, milliseconds: clock.monotonic() - begun });
    return { events: visible, cursor, completeTo, more };
  };
}

function idsByType(events: readonly LogEvent[]): Map<string, Set<RecordId>> {
  const ids = new Map<string, Set<RecordId>>();
  for (const { record } of events) {
    if (record === null) continue;
    const ofType = ids.get(record.record_type) ?? new Set();
    ids.set(record.record_type, ofType.add(record.id));
  }
  return ids;
}

function seenEvent(event: LogEvent, seen: ReadonlyMap<RecordId, SeenRecord>): LogEvent[] {
  if (event.record === null) return [event];
  const record = seen.get(event.record.id);
  if (record === undefined) return [];
  const { masks, shown } = record;
  const changed = (fields: JsonObject | null) => seenFields(fields, masks, shown);
  return [{ ...event, data: seenData(event.data, masks, shown), previous: changed(event.previous), original: changed(event.original) }];
}
