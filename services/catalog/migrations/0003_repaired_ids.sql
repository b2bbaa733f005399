-- A letter is of the record that its row names: those that were repaired to another id are set to it, by the rule of
-- `routable-id.ts`. It locks no table, since it takes as long as there are letters: requests of other instances go on.
-- was a83807fe1acaa3b34f21dfe7a844b4ada1562ce5484e2f487d94f14492b0c0d9
select set_config('sophia.workspaces', (select string_agg(id::text, ',') from workspace), true);

update dead_letter as d set source_id = named.source_id
from (
  select id, case json_typeof(named) when 'number' then named #>> '{}' when 'string' then normalize(btrim(
    named #>> '{}',
    -- What JavaScript trims.
    E'\t\n\u000B\f\r \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u2028\u2029\u202F\u205F\u3000\uFEFF'
  ), nfc) end as source_id
  from (
    -- U+0000 and halves of surrogate pairs can be read by no operator of json, and stand in no id.
    select id, regexp_replace(payload, '(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})', '\1\\ufffd', 'g')::json -> 'source_id' as named
    from dead_letter where state <> 'open'
    -- Read once for each letter, however often its id is named.
    offset 0
  ) as letter
  offset 0
) as named
where d.id = named.id and d.source_id is distinct from named.source_id
  and length(named.source_id) between 1 and 500 and position(U&'\FFFD' in named.source_id) = 0;

-- What an erasure missed for it is erased now.
update dead_letter as d set payload = '{"fields": {}}', errors = '[]', fingerprint = '', state = 'discarded', updated_at = now()
from record as r
where r.workspace = d.workspace and r.record_type = d.record_type and r.source_system = d.source_system and r.source_id = d.source_id
  and r.last_change = 'e' and d.updated_at <= r.updated_at and d.fingerprint <> '';
