import type { LogEvent } from '@sophia/types';
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

/** The events of a group that stand aside after a place, in order. */
export async function readSetAside(select: Select, epoch: string, group: number, after: Place, limit: number): Promise<SetAsideRow[]> {
  const rows = await select<JoinedRow>(READ_SET_ASIDE, [group, after.tick, after.offset, limit]);
  return rows.map((row) => {
    const place = { tick: Number(row.aside_tick), offset: Number(row.aside_offset) };
    const event = logEventOf(row, formatPosition(epoch, place.tick, place.offset), row.tick_at);
    return { event, place, poison: row.poison, error: row.error, attempts: row.attempts, at: row.aside_at };
  });
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
