-- What tells whether a rejected row came before what its record has become, whatever the clock did meanwhile. `record_version`:
-- the version that the record of its key had when it was kept, 0 where there was none, and -1 where a later row of its key was
-- accepted with it. Null in letters of before: they are compared by time, with `seen_at` and `replayed_at` of their record,
-- which nothing sets any more.
alter table dead_letter add column record_version int;
-- `seen_letter`: the newest letter that came before a row which said what the record says already, or the letter that a replay
-- wrote. `replayed_version`: the version of that replay, which is no arrival. Null unless it happened.
alter table record add column seen_letter bigint, add column replayed_version int;
