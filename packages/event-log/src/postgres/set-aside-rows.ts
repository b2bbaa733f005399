import type { LogEvent, WorkspaceId } from '@sophia/types';
import type { SetAsideCount } from '../event-log.ts';
import { formatPosition, type Place } from '../position.ts';
import { EVENT_COLUMNS, type EventRow, logEventOf } from './event-rows.ts';
import type { Select } from './select.ts';

/** An event that stands aside. */
export interface SetAsideRow {
  readonly event: LogEvent;
  readonly place: Place;
  readonly poison: boolean;
  readonly error: string;
  readonly attempts: number;
  readonly at: string;
}

type JoinedRow = EventRow & {
  readonly aside_tick: string;
  readonly aside_offset: string;
  readonly tick_at: string;
  readonly poison: boolean;
  readonly error: string;
  readonly attempts: number;
  readonly aside_at: string;
};

interface CountRow {
  readonly workspace: WorkspaceId;
  readonly record_type: string | null;
  readonly events: string;
}

/** The events of a group that stand aside after a place, in order. */
export async function readSetAside(select: Select, epoch: string, group: number, after: Place, limit: number): Promise<SetAsideRow[]> {
  const rows = await select<JoinedRow>(READ_SET_ASIDE, [group, after.tick, after.offset, limit]);
  return rows.map((row) => {
    const place = { tick: Number(row.aside_tick), offset: Number(row.aside_offset) };
    const event = logEventOf(row, formatPosition(epoch, place.tick, place.offset), row.tick_at);
    return { event, place, poison: row.poison, error: row.error, attempts: row.attempts, at: row.aside_at };
  });
}

/** How many events stand aside for a group, by workspace and type; without reading what is in them. */
export async function countSetAside(select: Select, group: string): Promise<SetAsideCount[]> {
  const rows = await select<CountRow>(COUNT_SET_ASIDE, [group]);
  return rows.map(({ workspace, record_type, events }) => ({ workspace, recordType: record_type, events: Number(events) }));
}

const READ_SET_ASIDE = {
  name: 'event_log_read_set_aside',
  text: `select ${EVENT_COLUMNS.replaceAll(/\b(?=\w)/g, 'event.')},
      aside.tick as aside_tick, aside.tick_offset as aside_offset, tick.at as tick_at,
      aside.poison, aside.error, aside.attempts, aside.at as aside_at
    from event_set_aside as aside
      join event on event.position = aside.position
      join tick on tick.tick = aside.tick
    where aside.group_id = $1 and (aside.tick, aside.tick_offset) > ($2, $3)
    order by aside.tick, aside.tick_offset limit $4`,
};
const COUNT_SET_ASIDE = {
  name: 'event_log_count_set_aside',
  text: `select event.workspace, coalesce(event.record_type, case event.kind when 'record_type.changed' then event.data->>'name' end) as record_type,
      count(*) as events
    from event_group
      join event_set_aside as aside on aside.group_id = event_group.id
      join event on event.position = aside.position
    where event_group.name = $1 group by 1, 2`,
};
