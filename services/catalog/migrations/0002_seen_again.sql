-- When a row last arrived that said what the record says already, while a rejected row of its key waited: the rejected
-- row is older than that. Null unless it happened; with the row's line, like last_line.
alter table record add column seen_at timestamptz, add column seen_line int;
