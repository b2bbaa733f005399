/** Settings of PostgreSQL by name, given on its command line. */
export type ServerSettings = Readonly<Record<string, string>>;

/** What must hold whatever else is set: a write that was acknowledged is on the disk. */
export const DURABLE: ServerSettings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };

/** For a laptop or a small server that does other work too. */
export const EMBEDDED_SETTINGS: ServerSettings = {
  ...DURABLE,
  listen_addresses: '',
  max_connections: '120',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  random_page_cost: '1.1',
  // The large tables are read by key: a look at 30,000 of their rows after each tenth that is new took a fifteenth of a core.
  default_statistics_target: '10',
  jit: 'off',
  wal_level: 'replica',
  wal_buffers: '16MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  idle_in_transaction_session_timeout: '60s',
  autovacuum_naptime: '15s',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_line_prefix: '',
};
