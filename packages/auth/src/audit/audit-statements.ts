import { boundRows, type CopyTarget, type Statement } from '@sophia/database';

/** In the order of `entryValues`. */
const ENTRY_COLUMNS = [
  { name: 'workspace', type: 'int4' },
  { name: 'at', type: 'timestamptz' },
  { name: 'principal', type: 'text' },
  { name: 'on_behalf_of', type: 'text' },
  { name: 'via', type: 'text' },
  { name: 'action', type: 'text' },
  { name: 'object', type: 'text' },
  { name: 'result', type: 'text' },
  { name: 'rows', type: 'int8' },
  { name: 'milliseconds', type: 'float8' },
  { name: 'times', type: 'int4' },
  { name: 'address', type: 'text' },
  { name: 'request', type: 'text' },
  { name: 'details', type: 'jsonb' },
] as const;

const names = ENTRY_COLUMNS.map(({ name }) => name).join(', ');

/** Most writes of a moment come from one caller, who writes a record with each; so do most reads, each at its own time. */
const CALLER = ['workspace', 'principal', 'on_behalf_of', 'via', 'action', 'result', 'address', 'details'];

export const INSERT_ENTRIES = boundRows(
  ENTRY_COLUMNS,
  [[...CALLER, 'at', 'rows', 'times'], CALLER],
  (relation, shape): Statement => ({
    name: `auth_insert_audit_${shape}`,
    text: `insert into audit_entry (${names}) select * from ${relation} as entry`,
  }),
);

/** COPY is refused on tables with row-level security, so it goes into a table of the connection's own. */
export const BUFFER: CopyTarget = { table: 'audit_buffer', columns: ENTRY_COLUMNS };
export const CREATE_BUFFER: Statement = {
  name: 'auth_create_audit_buffer',
  text: `create temporary table if not exists audit_buffer (${ENTRY_COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ')})
    on commit delete rows`,
};
export const INSERT_BUFFERED: Statement = {
  name: 'auth_insert_audit_buffer',
  text: `insert into audit_entry (${names}) select ${names} from audit_buffer`,
};

/** Held to the end of the transaction, so that each tick's snapshot contains the tick before. */
export const LOCK_TICKS: Statement = { name: 'auth_lock_audit_ticks', text: `select pg_advisory_xact_lock(hashtext('sophia_audit_tick'))` };
/** A statement of its own: its snapshot must be taken when the lock is held. */
export const INSERT_TICK: Statement = {
  name: 'auth_insert_audit_tick',
  text: `insert into audit_tick (tick, snapshot, at)
    select coalesce(max(tick), 0) + 1, pg_current_snapshot(), clock_timestamp() from audit_tick
    returning tick::text as tick`,
};
/** $1 and $2 two ticks: how many of them are kept. */
export const COUNT_TICKS: Statement = {
  name: 'auth_count_audit_ticks',
  text: 'select count(*)::int4 as kept from audit_tick where tick in ($1::int8, $2::int8)',
};

const row = `position::text as id, at, principal, on_behalf_of, via, action, object, result, rows, milliseconds, times, address, request, details`;

/** Entries that a page looks at: what is looked for may be few of very many. */
export const PORTION = 100_000;

/** The entries from where the page begins, newest first. */
const inOrder = `audit_entry
  where workspace = $10::int4 and at >= $5::timestamptz and at < $6::timestamptz and (at, position) < ($7::timestamptz, $8::int8)
  order by at desc, position desc`;

/**
 * $1-$4 what is looked for, $5-$6 from and to, $7-$8 time and position after which the page begins, $9 how many, $10 the
 * workspace: row-level security names it too, but as one of several, by which no index gives an order. Newest first.
 * `looked_at` and `looked_id` are of the last entry that was looked at where the page ended there; it may have no other.
 */
export const LIST_ENTRIES: Statement = {
  name: 'auth_list_audit',
  text: `with page as materialized (
      select * from (select * from ${inOrder} limit ${PORTION}) as looked
      where ($1::text is null or principal = $1) and ($2::text is null or action = $2)
        and ($3::text is null or object = $3) and ($4::text is null or result = $4)
      order by at desc, position desc limit $9
    )
    select ${row}, looked_at, looked_id
    from (values (true)) as one left join page on true left join (
      select at as looked_at, position::text as looked_id
      from (select at, position from ${inOrder} offset ${PORTION - 1} limit 1) as last
      where (select count(*) from page) < $9
    ) as looked on true
    order by at desc, page.position desc`,
};

/**
 * What became visible after tick $1 (0: all) and up to tick $2, from transaction $3 (or null) and position $4 on, $5 of them.
 * Within a range of ticks the order is total, the same however often it is read, and that of an index: its bounds are
 * plain subqueries since row-level security lets no `coalesce` into an index condition.
 */
export const FOLLOW_ENTRIES: Statement = {
  name: 'auth_follow_audit',
  text: `with earlier as materialized (select snapshot from audit_tick where tick = $1::int8),
      later as materialized (select snapshot from audit_tick where tick = $2::int8),
      start as materialized (select coalesce($3::xid8, (select pg_snapshot_xmin(snapshot) from earlier), '0'::xid8) as xid)
    select ${row}, xid::text as transaction from audit_entry
    where (xid, position) > ((select start.xid from start), $4::int8)
      and xid < (select pg_snapshot_xmax(snapshot) from later)
      and pg_visible_in_snapshot(xid, (select snapshot from later))
      and coalesce(not pg_visible_in_snapshot(xid, (select snapshot from earlier)), true)
    order by xid, position limit $5`,
};

/** $1 first day, $2 how many. */
export const PREPARE_DAYS: Statement = { name: 'auth_prepare_audit_days', text: 'select sophia_audit_prepare($1::date, $2::int4) as made' };
/** $1 the first day that is kept. */
export const EXPIRE_DAYS: Statement = { name: 'auth_expire_audit_days', text: 'select sophia_audit_expire($1::date) as dropped' };
