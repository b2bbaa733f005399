-- How many events `read_event_range` would give, without reading their rows: the index on `xid` tells.
create function count_event_range(older pg_snapshot, newer pg_snapshot, low bigint, high bigint, most integer) returns bigint
language plpgsql stable set enable_seqscan = off set enable_bitmapscan = off as $$
declare
  number bigint;
  lows xid8[];
  highs xid8[];
  counted bigint := 0;
  counted_here bigint;
begin
  select array_agg(span.low), array_agg(span.high) into lows, highs from ended_between(older, newer) as span;
  if lows is null then
    return 0;
  end if;
  for number in low / event_partition_width() .. high / event_partition_width() loop
    execute format(
      'select count(*) from (
         select from unnest($1, $2) as span (low, high)
           cross join lateral (select from event_p%s where tick is null and xid >= span.low and xid < span.high) as ended
         limit $3) as found', number)
    into counted_here using lows, highs, most;
    counted := counted + counted_here;
  end loop;
  return counted;
end
$$;
grant execute on function count_event_range(pg_snapshot, pg_snapshot, bigint, bigint, integer) to sophia_log;
