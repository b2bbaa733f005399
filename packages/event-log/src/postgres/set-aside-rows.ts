import { boundedPage } from '@sophia/database';
import type { LogEvent, WorkspaceId } from '@sophia/types';
import type { SetAsideCount } from '../event-log.ts';
import { formatPosition, type Place } from '../position.ts';
import { EVENT_COLUMNS, EVENT_VALUES, type EventRow, logEventOf } from './event-rows.ts';
import { GROUP, INSTANCE } from './group-name.ts';
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

/** An event that stands aside for a group: for which of its instances. */
export interface ListedSetAside extends SetAsideRow {
  readonly instances: readonly string[];
}

interface CountRow {
  readonly workspace: WorkspaceId;
  readonly record_type: string | null;
  readonly events: string;
}

/** The events of a group that stand aside after a place, in order: at most so many, and a page of them; none where there are no more. */
export async function readSetAside(select: Select, epoch: string, group: number, after: Place, limit: number): Promise<SetAsideRow[]> {
  const rows = await select<JoinedRow>(READ_SET_ASIDE, [group, after.tick, after.offset, limit]);
  return rows.map((row) => setAsideOf(row, epoch));
}

/** Those of all instances of a group, likewise, each event once, with its poison's error first. */
export async function listSetAside(select: Select, epoch: string, group: string, after: Place, limit: number): Promise<ListedSetAside[]> {
  const values = [group, after.tick, after.offset, limit];
  const rows = await select<JoinedRow & Pick<ListedSetAside, 'instances'>>(LIST_SET_ASIDE, values);
  return rows.map((row) => ({ ...setAsideOf(row, epoch), instances: row.instances }));
}

function setAsideOf(row: JoinedRow, epoch: string): SetAsideRow {
  const place = { tick: Number(row.aside_tick), offset: Number(row.aside_offset) };
  const event = logEventOf(row, formatPosition(epoch, place.tick, place.offset), row.tick_at);
  return { event, place, poison: row.poison, error: row.error, attempts: row.attempts, at: row.aside_at };
}

/** How many events stand aside for a group's row, by workspace and type; without reading what is in them. */
export async function countSetAside(select: Select, name: string): Promise<SetAsideCount[]> {
  const rows = await select<CountRow>(COUNT_SET_ASIDE, [name]);
  return rows.map(({ workspace, record_type, events }) => ({ workspace, recordType: record_type, events: Number(events) }));
}

const ROWS = `select ${EVENT_COLUMNS.replaceAll(/\b(?=\w)/g, 'event.')},
  aside.tick as aside_tick, aside.tick_offset as aside_offset, tick.at as tick_at,
  aside.poison, aside.error, aside.attempts, aside.at as aside_at`;
const COLUMNS = `${EVENT_COLUMNS}, aside_tick, aside_offset, tick_at, poison, error, attempts, aside_at`;

const pageText = (rows: string, columns = COLUMNS): string =>
  boundedPage({ rows, columns, values: EVENT_VALUES, order: 'aside_tick, aside_offset' });

const READ_SET_ASIDE = {
  name: 'event_log_read_set_aside',
  text: pageText(`${ROWS}
    from event_set_aside as aside
      join event on event.position = aside.position
      join tick on tick.tick = aside.tick
    where aside.group_id = $1 and (aside.tick, aside.tick_offset) > ($2, $3)
    order by aside.tick, aside.tick_offset limit $4`),
};
const LIST_SET_ASIDE = {
  name: 'event_log_list_set_aside',
  text: pageText(
    `${ROWS}, aside.instances
    from (
      select each.tick, each.tick_offset, each.position, bool_or(each.poison) as poison, max(each.attempts) as attempts, min(each.at) as at,
        (array_agg(each.error order by each.poison desc, each.at))[1] as error,
        coalesce(array_agg(${INSTANCE} order by event_group.name) filter (where ${INSTANCE} is not null), '{}') as instances
      from event_group join event_set_aside as each on each.group_id = event_group.id
      where ${GROUP} = $1 and (each.tick, each.tick_offset) > ($2, $3)
      group by each.tick, each.tick_offset, each.position
      order by each.tick, each.tick_offset limit $4
    ) as aside
      join event on event.position = aside.position
      join tick on tick.tick = aside.tick`,
    `${COLUMNS}, instances`,
  ),
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
