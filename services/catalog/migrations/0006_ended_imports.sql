-- When an import of a source ended last, which is asked every few seconds for as long as one of its imports stands interrupted.
create index import_run_ended on import_run (workspace, source_system, (coalesce(finished_at, updated_at))) where state in ('finished', 'failed');
