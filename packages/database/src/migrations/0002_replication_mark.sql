-- One row, in which a process that reads from replicas writes its marks: a server that has a mark has all that came before it.
-- A mark is one of a run of the primary on its timeline, so that none of another history is taken for it.
create table replication_mark (
  only_one boolean primary key default true check (only_one),
  run text not null,
  number bigint not null
) with (fillfactor = 10);
insert into replication_mark (run, number) values ('', 0);
grant select, update on replication_mark to sophia_app;
