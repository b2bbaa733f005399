-- As before, but a tick at which a group stands stays: whoever comes back after long asks whether it is still there, since a
-- database that was set back to an older state lacks it or has another one of its number.
create or replace function prune_ticks(seconds double precision) returns integer
language plpgsql volatile as $$
declare
  looked_at integer;
  looked_to bigint;
begin
  with span as (
    select * from tick
    where tick.tick >= (
      select before.tick from tick as before
      where before.tick <= (select pruned_to from event_log_housekeeping for update) order by before.tick desc limit 1
    )
    order by tick.tick limit 1001
  ),
  following as (
    select span.*, lag(snapshot) over old as older, lag(floor) over old as low, lag(ceiling) over old as reached, lag(at) over old is null as is_base
    from span window old as (order by span.tick)
  ),
  candidate as (
    select * from following
    where not is_base and at < clock_timestamp() - make_interval(secs => seconds) and tick < (select max(tick.tick) from tick)
  ),
  pruned as (
    delete from tick using candidate
    where tick.tick = candidate.tick and candidate.ceiling = candidate.reached and candidate.older is not null
      and not exists (select from event_group where event_group.tick in (candidate.tick, candidate.tick + 1))
      and not exists (select from read_event_range(candidate.older, candidate.snapshot, candidate.low, candidate.ceiling, 1))
  )
  select count(*), max(candidate.tick) into looked_at, looked_to from candidate;
  update event_log_housekeeping set pruned_to = looked_to where looked_to is not null;
  return looked_at;
end
$$;
