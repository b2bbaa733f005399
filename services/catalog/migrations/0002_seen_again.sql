-- By when rejected rows are told from later ones. `seen_at`, with the row's line: when a row last arrived that said what the
-- record says already while a rejected row of its key waited, or when the rejected row arrived that a replay wrote.
-- `replayed_at`: the `updated_at` of that replay, which is no time of arrival. Null unless it happened.
alter table record add column seen_at timestamptz, add column seen_line int, add column replayed_at timestamptz;
