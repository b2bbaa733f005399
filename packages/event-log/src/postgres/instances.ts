import type { Database } from '@sophia/database';
import { GROUP, groupName } from './group-name.ts';
import { MEMBER_LOCKS, MEMBERS } from './member-locks.ts';

/** An instance without a member for so many days is forgotten. */
export const FORGET_AFTER_DAYS = 30;

/** Whether the instance is known; it is seen then, and not forgotten before its member is there. */
export async function keepInstance(log: Database, group: string, instance: string): Promise<boolean> {
  const { value: rows } = await log.write([], (transaction) => log.query(transaction, SEE_INSTANCE, [groupName(group, instance)]));
  return rows.length > 0;
}

/**
 * Forgets the instances that have had no member for so many days, with what stands aside for them; resolves to their
 * names. The place that members had before there were instances is one of them.
 */
export async function forgetInstances(log: Database, days = FORGET_AFTER_DAYS): Promise<string[]> {
  const { value: rows } = await log.write([], async (transaction) => {
    await log.query(transaction, SEE_MEMBERS, [MEMBER_LOCKS]);
    return log.query<{ readonly name: string }>(transaction, FORGET, [MEMBER_LOCKS, days]);
  });
  return rows.map(({ name }) => name);
}

const SEE_INSTANCE = {
  name: 'event_log_see_instance',
  text: 'update event_group set seen_at = clock_timestamp() where name = $1 returning id',
};
/** Members are seen once an hour. One that is handing a batch over is passed over: it is there, and its turn comes. */
const SEE_MEMBERS = {
  name: 'event_log_see_members',
  text: `update event_group set seen_at = clock_timestamp() where id in (
      select id from event_group where seen_at < clock_timestamp() - interval '1 hour' and ${MEMBERS} > 0 for update skip locked
    )`,
};
const FORGET = {
  name: 'event_log_forget_instances',
  text: `with gone as (
      select id from event_group
      where seen_at < clock_timestamp() - make_interval(days => $2::int) and ${MEMBERS} = 0
        and exists (select from event_group as other where starts_with(other.name, ${GROUP} || '@'))
      for update skip locked
    ), forgotten_events as (
      delete from event_set_aside where group_id in (select id from gone)
    )
    delete from event_group where id in (select id from gone) returning name`,
};
