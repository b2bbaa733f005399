-- A member may belong to an instance, which is a group of its own: `<group>@<instance>`. When the instance was last seen:
-- one that does not come back is forgotten.
alter table event_group add column seen_at timestamptz not null default clock_timestamp();
