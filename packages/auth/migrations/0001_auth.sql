-- Keys, policies and the audit.

-- `id` is the public part of a key and begins with its workspace, so that a key is found under
-- row-level security; of the secret only the SHA-256 is kept.
create table api_key (
  workspace int not null references workspace,
  id text primary key,
  hash bytea not null check (length(hash) = 32),
  name text not null,
  role text not null,
  installation boolean not null default false,
  user_source_system text,
  user_source_id text,
  requests_per_second int check (requests_per_second > 0),
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_key_by_workspace on api_key (workspace, created_at, id);
call sophia_protect('api_key', 'select, insert, update');

-- Every version of a workspace's rules; the newest is in force.
create table policy (
  workspace int not null references workspace,
  version int not null,
  rules jsonb not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  primary key (workspace, version)
);
call sophia_protect('policy', 'select, insert');

create sequence audit_position as bigint;
grant usage on sequence audit_position to sophia_app;

create table audit_entry (
  position bigint not null default nextval('audit_position'),
  workspace int not null,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null,
  principal text not null,
  on_behalf_of text,
  via text not null,
  action text not null,
  object text not null,
  result text not null,
  rows bigint not null,
  milliseconds float8 not null,
  times int not null,
  address text,
  request text,
  details jsonb
) partition by range (at);
create index audit_entry_by_time on audit_entry (workspace, at, position);
-- For `follow`: the entries of a range of ticks.
create index audit_entry_by_transaction on audit_entry (xid, position);
call sophia_protect('audit_entry', 'select, insert');

-- Takes what no day's partition does, so that a clock gone wrong stops nothing.
create table audit_entry_other partition of audit_entry default;

-- The entries of a tick are those visible in its snapshot and not in the one before: commits out of
-- order neither hide nor repeat any.
create table audit_tick (
  tick bigint primary key,
  snapshot pg_snapshot not null,
  at timestamptz not null
);
grant select, insert on audit_tick to sophia_app;

-- Partitions are made and dropped by their owner on behalf of the application.
create function sophia_audit_prepare(first_day date, days int) returns int
language plpgsql security definer set search_path from current as $$
declare
  day date;
  partition text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('sophia_audit_partitions'));
  for offset_in_days in 0 .. days - 1 loop
    day := first_day + offset_in_days;
    partition := 'audit_entry_' || to_char(day, 'YYYY_MM_DD');
    if to_regclass(partition) is not null then
      continue;
    end if;
    -- Made apart and attached, which lets inserts go on meanwhile.
    execute format('create table %I (like audit_entry including defaults)', partition);
    execute format(
      'with moved as (delete from audit_entry_other where at >= %L and at < %L returning *) insert into %I select * from moved',
      day::timestamp at time zone 'utc', (day + 1)::timestamp at time zone 'utc', partition
    );
    execute format(
      'alter table audit_entry attach partition %I for values from (%L) to (%L)',
      partition, day::timestamp at time zone 'utc', (day + 1)::timestamp at time zone 'utc'
    );
    made := made + 1;
  end loop;
  return made;
end
$$;

-- Drops the days before `first_kept`, and with them their entries.
create function sophia_audit_expire(first_kept date) returns int
language plpgsql security definer set search_path from current as $$
declare
  partition text;
  dropped int := 0;
begin
  perform pg_advisory_xact_lock(hashtext('sophia_audit_partitions'));
  set local lock_timeout = '2s';
  for partition in
    select child.relname
    from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = 'audit_entry'::regclass
      and child.relname ~ '^audit_entry_\d{4}_\d{2}_\d{2}$'
      and to_date(right(child.relname, 10), 'YYYY_MM_DD') < first_kept
  loop
    execute format('drop table %I', partition);
    dropped := dropped + 1;
  end loop;
  delete from audit_entry_other where at < first_kept::timestamp at time zone 'utc';
  delete from audit_tick where at < first_kept::timestamp at time zone 'utc';
  return dropped;
end
$$;

revoke all on function sophia_audit_prepare(date, int), sophia_audit_expire(date) from public;
grant execute on function sophia_audit_prepare(date, int), sophia_audit_expire(date) to sophia_app;
