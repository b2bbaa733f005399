import type { Database } from '@sophia/database';
import { BEGINNING, type Place } from '../position.ts';
import type { Select } from './select.ts';

/** A group's row, locked. */
export interface LockedGroup {
  readonly id: number;
  readonly place: Place;
  readonly hasSetAside: boolean;
  /** Number of the last replay that was asked for, and of the last one done. */
  readonly replayAsked: number;
  readonly replayDone: number;
}

interface GroupRow {
  readonly id: number;
  readonly tick: string;
  readonly tick_offset: string;
  readonly has_set_aside: boolean;
  readonly replay_asked: string;
  readonly replay_done: string;
}

/** Makes the group if it is new, at the beginning of the log; resolves to its number. */
export async function ensureGroup(log: Database, name: string): Promise<number> {
  const { value } = await log.write([], async (transaction) => {
    await log.query(transaction, ADD_GROUP, [name, BEGINNING.tick, BEGINNING.offset]);
    // It was there and is not forgotten while somebody comes to it, or is there since the statement before.
    const [row] = (await log.query<{ id: number }>(transaction, GROUP_ID, [name])) as [{ id: number }];
    return row.id;
  });
  return value;
}

/** Takes the group for this transaction; undefined while another member has it. */
export async function lockGroup(select: Select, id: number): Promise<LockedGroup | undefined> {
  const [row] = await select<GroupRow>(LOCK_GROUP, [id]);
  if (row === undefined) return undefined;
  return {
    id,
    place: { tick: Number(row.tick), offset: Number(row.tick_offset) },
    hasSetAside: row.has_set_aside,
    replayAsked: Number(row.replay_asked),
    replayDone: Number(row.replay_done),
  };
}

export async function moveGroup(select: Select, id: number, { tick, offset }: Place): Promise<void> {
  await select(MOVE_GROUP, [id, tick, offset]);
}

const ADD_GROUP = {
  name: 'event_log_add_group',
  text: 'insert into event_group (name, tick, tick_offset) values ($1, $2, $3) on conflict (name) do nothing',
};
const GROUP_ID = { name: 'event_log_group_id', text: 'select id from event_group where name = $1' };
const LOCK_GROUP = {
  name: 'event_log_lock_group',
  text: `select id, tick, tick_offset, replay_asked, replay_done,
      exists (select from event_set_aside where group_id = event_group.id) as has_set_aside
    from event_group where id = $1 for update skip locked`,
};
const MOVE_GROUP = { name: 'event_log_move_group', text: 'update event_group set tick = $2, tick_offset = $3 where id = $1' };
