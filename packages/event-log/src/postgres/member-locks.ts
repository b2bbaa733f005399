/** Advisory locks of members have this number and that of their group as the first key, their own as the second. */
export const MEMBER_LOCKS = 1_397_030_912;

/** SQL: how many members a row of `event_group` has, over all processes. $1 is `MEMBER_LOCKS`. */
export const MEMBERS = `(select count(*) from pg_locks
  where locktype = 'advisory' and granted and objsubid = 2 and classid = ($1::bigint + event_group.id)::oid
    and database = (select oid from pg_database where datname = current_database()))`;
