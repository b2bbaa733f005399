-- Imports that run or were interrupted: few among all, and looked for every few seconds.
create index import_run_running on import_run (workspace) where state = 'running';
