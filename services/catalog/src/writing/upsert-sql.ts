/**
 * The one statement by which records change: it writes each incoming row that says something new,
 * and an event for each change, and notes when each source was last active.
 *
 * - A row locks its record before anything is decided (`on conflict do update`), so `previous`,
 *   versions and events are exact whoever else writes. Rows are taken in the order of their key,
 *   which is the same in every transaction: nothing deadlocks. An event's position is drawn after
 *   its record's lock is held.
 * - Within one statement a key comes once; see `waves.ts`.
 * - An older arrival by the source's own version, else by its time, changes nothing.
 * - A deletion of a record that is not there changes nothing, unless it has a place in the source's
 *   order: then it stays as version 0, so that older arrivals behind it are stale.
 *
 * `incoming` has the columns of `INCOMING_COLUMNS`; `actor` and `cause` are expressions over the
 * changed row `c`; `select` is what is wanted of the changed rows.
 */
export const upsertSql = ({ incoming, recordIdBase, actor, cause, select }: UpsertParts): string => `
with changed as (
  insert into record as r (
    id, workspace, record_type, source_system, source_id, version, created_at, updated_at, deleted_at, data, content_hash,
    original, business_priority, occurred_at, source_version, newest_version, newest_occurrence, stream_version, last_change, last_line
  )
  select
    ${recordIdBase} + nextval('record_id'), workspace, record_type, source_system, source_id,
    case when content_hash is null then 0 else 1 end, now(), now(), case when content_hash is null then now() end, data, content_hash,
    original, business_priority, occurred_at, source_version, source_order, occurred_at, stream_version,
    case when content_hash is null then 't' else 'c' end, line
  from ${incoming} as i
  where content_hash is not null or source_order is not null or occurred_at is not null or ${EXISTS}
  order by workspace, record_type, source_system, source_id
  on conflict (workspace, record_type, source_system, source_id) do update set
    version = r.version + case when ${CHANGED} then 1 else 0 end,
    data = case when ${CHANGED} and not ${IS_DELETION} then excluded.data else r.data end,
    previous = case when not ${CHANGED} then r.previous when ${IS_DELETION} then '{}' when r.deleted_at is null then ${PREVIOUS} end,
    original = case when ${CHANGED} then excluded.original else r.original end,
    business_priority = case when ${CHANGED} and not ${IS_DELETION} then excluded.business_priority else r.business_priority end,
    content_hash = case when ${CHANGED} then excluded.content_hash else r.content_hash end,
    occurred_at = case when ${CHANGED} then coalesce(excluded.occurred_at, r.occurred_at) else r.occurred_at end,
    source_version = case when ${STALE} then r.source_version else coalesce(excluded.source_version, r.source_version) end,
    newest_version = case when ${STALE} then r.newest_version else coalesce(excluded.newest_version, r.newest_version) end,
    newest_occurrence = case when ${STALE} then r.newest_occurrence else coalesce(excluded.newest_occurrence, r.newest_occurrence) end,
    stream_version = greatest(excluded.stream_version, r.stream_version),
    created_at = case when r.version = 0 and ${CHANGED} then excluded.created_at else r.created_at end,
    updated_at = case when ${CHANGED} then greatest(excluded.updated_at, r.updated_at) else r.updated_at end,
    deleted_at = case when not ${CHANGED} then r.deleted_at when ${IS_DELETION} then greatest(excluded.updated_at, r.updated_at) end,
    last_change = case when ${STALE} then 's' when not ${CHANGED} then 'k' when ${IS_DELETION} then 'd' when r.deleted_at is null then 'u' else 'c' end,
    last_line = excluded.last_line
  where ${CHANGED} or not ${STALE} and ${NEWER} or excluded.stream_version > coalesce(r.stream_version, -1)
  returning r.*
), appended as (
  insert into event (
    workspace, kind, record_id, source_system, record_type, source_id, version, occurred_at, source_version, business_priority,
    created_at, actor, cause, data, previous, original
  )
  select
    c.workspace, case c.last_change when 'c' then 'record.created' when 'u' then 'record.updated' else 'record.deleted' end,
    c.id, c.source_system, c.record_type, c.source_id, c.version, c.occurred_at, c.source_version, c.business_priority,
    c.created_at, ${actor}, ${cause}, c.data, c.previous, c.original
  from changed as c
  where c.last_change in ('c', 'u', 'd')
), active as (
  insert into source_activity as a (workspace, source_system, record_type, slot, last_record_at)
  select workspace, source_system, record_type, pg_backend_pid() % 16, now()
  from changed where last_change in ('c', 'u', 'd')
  group by workspace, source_system, record_type
  order by workspace, source_system, record_type
  on conflict (workspace, source_system, record_type, slot) do update set last_record_at = greatest(a.last_record_at, excluded.last_record_at)
)
${select}`;

interface UpsertParts {
  /** A relation, or a query in parentheses. */
  readonly incoming: string;
  /** Parameter with the database's number in the high bits. */
  readonly recordIdBase: string;
  readonly actor: string;
  readonly cause: string;
  readonly select: string;
}

const IS_DELETION = '(excluded.content_hash is null)';
const STALE = 'coalesce(excluded.newest_version < r.newest_version, excluded.newest_occurrence < r.newest_occurrence, false)';
const CHANGED = `(r.content_hash is distinct from excluded.content_hash and not ${STALE})`;
const NEWER = `(excluded.newest_version > r.newest_version or excluded.newest_occurrence > r.newest_occurrence
  or excluded.newest_version is not null and r.newest_version is null
  or excluded.newest_occurrence is not null and r.newest_occurrence is null)`;

// As plain expressions: the same in a SQL function takes 20 microseconds a row rather than 8.
const PREVIOUS = `(
  coalesce((select jsonb_object_agg(old.key, old.value) from jsonb_each(r.data) as old where excluded.data -> old.key is distinct from old.value), '{}')
  || coalesce((select jsonb_object_agg(new.key, null) from jsonb_object_keys(excluded.data) as new (key) where not r.data ? new.key), '{}')
)`;

const EXISTS = `exists (
  select from record as r
  where r.workspace = i.workspace and r.record_type = i.record_type and r.source_system = i.source_system and r.source_id = i.source_id
)`;

/** Whether an incoming row `i` is older than what its record `r` has seen; for rows that the statement above did not touch, whose records it locked. */
export const IS_STALE = 'coalesce(i.source_order < r.newest_version, i.occurred_at < r.newest_occurrence, false)';

export const INCOMING_COLUMNS = [
  ['line', 'int4'],
  ['workspace', 'int4'],
  ['record_type', 'text'],
  ['source_system', 'text'],
  ['source_id', 'text'],
  ['data', 'jsonb'],
  ['content_hash', 'bytea'],
  ['original', 'jsonb'],
  ['business_priority', 'text'],
  ['occurred_at', 'timestamptz'],
  ['source_version', 'text'],
  ['source_order', 'int8'],
  ['stream_version', 'int8'],
] as const;
