-- The catalog: records, their types, imports, dead letters, idempotency keys.

-- Counts within one database; its number stands in the high bits of the id (see record-id-base.ts).
create sequence record_id as bigint;
grant usage on sequence record_id to sophia_app;

-- One row per record, its current state. Columns that are never null stand first, so that the key is
-- found at a fixed place of the row. Not partitioned: docs/adr/0006-record-table-not-partitioned.md.
create table record (
  workspace int not null,
  version int not null,
  id bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  record_type text collate "C" not null,
  source_system text collate "C" not null,
  source_id text collate "C" not null,
  data jsonb not null,
  -- What the last change did: c created, u updated, d deleted, e erased, t a deletion that came before
  -- its record. And the line of the statement's input that it came from.
  last_change "char" not null,
  last_line int not null,
  -- Null for a deleted record.
  content_hash text collate "C",
  deleted_at timestamptz,
  occurred_at timestamptz,
  -- Old values of the fields that the last change changed.
  previous jsonb,
  -- Raw values of the fields that were repaired on their way in.
  original jsonb,
  business_priority text,
  source_version text,
  -- The newest arrival's place in the source's order, also when it changed nothing: an arrival before it is stale.
  newest_version bigint,
  newest_occurrence timestamptz,
  -- Version of the stream that it last came in, where the source numbers them (Singer).
  stream_version bigint,
  primary key (workspace, record_type, source_system, source_id)
) with (fillfactor = 90);
create unique index record_by_id on record (id);
call sophia_protect('record');

-- When each source last changed a record of a type. Writers at the same moment use different slots,
-- so that they do not wait for each other; the newest of the slots counts.
create table source_activity (
  workspace int not null,
  source_system text collate "C" not null,
  record_type text collate "C" not null,
  slot smallint not null,
  last_record_at timestamptz not null,
  primary key (workspace, source_system, record_type, slot)
) with (fillfactor = 50);
call sophia_protect('source_activity');

-- Types that a workspace defines, and built-in types with fields that it added.
create table record_type (
  workspace int not null,
  name text collate "C" not null,
  revision int not null,
  definition jsonb not null,
  updated_at timestamptz not null default now(),
  primary key (workspace, name)
);
call sophia_protect('record_type');

create table import_run (
  id text collate "C" primary key,
  workspace int not null,
  name text not null,
  kind text not null,
  state text not null check (state in ('running', 'finished', 'failed')),
  principal text not null,
  source_system text,
  parameters jsonb not null,
  -- How many lanes its rows are divided over: the same on every resumption.
  lanes smallint not null,
  bytes_total bigint,
  bytes_read bigint,
  -- The last of the source's own bookmarks behind which nothing is open.
  last_state jsonb,
  deleted_by_version bigint not null default 0,
  failure jsonb,
  token text,
  -- Milliseconds that it ran, over all resumptions.
  milliseconds bigint not null default 0,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz
);
create index import_run_by_workspace on import_run (workspace, id desc);
create index import_run_by_name on import_run (workspace, kind, name, id desc) where last_state is not null;
call sophia_protect('import_run');

-- What of an import is committed: each chunk moves its lane's row in its own transaction.
create table import_lane (
  import text collate "C" not null references import_run (id),
  lane smallint not null,
  workspace int not null,
  -- Every row of this lane up to this one of the stream (from 1) is committed.
  committed_through bigint not null default 0,
  -- Over the lane's rows up to there, so that a resumption knows them again.
  rolling_hash text not null,
  created bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0,
  stale bigint not null default 0,
  rejected bigint not null default 0,
  repairs jsonb not null default '{}',
  primary key (import, lane)
) with (fillfactor = 50);
call sophia_protect('import_lane');

-- Rejected rows. `payload` is JSON as text: jsonb cannot hold all of it, such as U+0000, and json cannot be backed up with it.
create table dead_letter (
  id bigint generated always as identity primary key,
  workspace int not null,
  state text not null check (state in ('open', 'repaired', 'replayed', 'discarded', 'superseded')),
  record_type text collate "C" not null,
  source_system text collate "C" not null,
  source_id text collate "C",
  import text collate "C",
  line bigint not null,
  code text not null,
  errors jsonb not null,
  payload text not null,
  -- Of the row as it came: the same row arriving again supersedes this one.
  fingerprint text collate "C" not null,
  attempts int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index dead_letter_waiting on dead_letter (workspace, id) where state in ('open', 'repaired');
create index dead_letter_by_fingerprint on dead_letter (workspace, fingerprint) where state in ('open', 'repaired');
create index dead_letter_by_import on dead_letter (import, line) where import is not null;
create index dead_letter_by_record on dead_letter (workspace, record_type, source_system, source_id) where source_id is not null;
call sophia_protect('dead_letter');

create table idempotency_key (
  workspace int not null,
  principal text not null,
  route text not null,
  key text not null,
  fingerprint text collate "C" not null,
  -- The writing transaction, for the token of a repeated answer.
  xid xid8 not null default pg_current_xact_id(),
  -- Null while an import that it names runs.
  answer jsonb,
  import text,
  created_at timestamptz not null default now(),
  primary key (workspace, principal, route, key)
);
create index idempotency_key_by_age on idempotency_key (created_at);
call sophia_protect('idempotency_key');
