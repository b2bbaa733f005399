import type { Database } from '@sophia/database';
import type { GroupLag } from '../event-log.ts';
import { formatPosition, type Place } from '../position.ts';
import { GROUP, INSTANCE } from './group-name.ts';
import { MEMBER_LOCKS, MEMBERS } from './member-locks.ts';
import { isLive } from './tick.ts';
import type { TickBook } from './tick-book.ts';

interface LagRow {
  readonly id: number;
  readonly group_name: string;
  readonly instance: string | null;
  readonly tick: string;
  readonly tick_offset: string;
  readonly set_aside: string;
  readonly members: string;
  readonly seconds: number;
}

/** Beyond it events are estimated by their positions. */
const COUNTED = 10_000;

export async function readLag(log: Database, epoch: string, book: TickBook): Promise<GroupLag[]> {
  await book.refresh();
  const rows = await log.select<LagRow>([], LAG, [MEMBER_LOCKS]);
  return Promise.all(
    rows.map(async (row) => {
      const place = { tick: Number(row.tick), offset: Number(row.tick_offset) };
      return {
        group: row.group_name,
        instance: row.instance,
        cursor: formatPosition(epoch, place.tick, place.offset),
        events: await eventsAfter(log, book, place),
        seconds: row.seconds,
        setAside: Number(row.set_aside),
        members: Number(row.members),
      };
    }),
  );
}

/** How many events stand between a place and the head: exact up to 10,000, beyond it by positions drawn. */
async function eventsAfter(log: Database, book: TickBook, { tick, offset }: Place): Promise<number> {
  const { head } = book;
  if (tick > head.tick) return 0;
  const base = await book.upTo(tick - 1);
  const drawn = head.ceiling - base.ceiling - offset;
  if (drawn > COUNTED || !isLive(base) || !isLive(head)) return Math.max(drawn, 0);
  const values = [base.snapshot.text, head.snapshot.text, base.floor, head.ceiling, COUNTED];
  const [row] = (await log.select<{ events: string }>([], COUNT, values)) as [{ events: string }];
  return Math.max(Number(row.events) - offset, 0);
}

const LAG = {
  name: 'event_log_lag',
  text: `select id, ${GROUP} as group_name, ${INSTANCE} as instance, tick, tick_offset,
      (select count(*) from event_set_aside where group_id = event_group.id) as set_aside,
      ${MEMBERS} as members,
      greatest(0, extract(epoch from clock_timestamp() -
        (select complete_to from tick where tick.tick < event_group.tick order by tick.tick desc limit 1)))::float8 as seconds
    from event_group order by name`,
};
const COUNT = { name: 'event_log_count', text: 'select count_event_range($1, $2, $3, $4, $5) as events' };
