import type { WorkspaceId } from '@sophia/types';
import type { Statement } from '../database.ts';
import type { BatchStep } from './pipelined-batch.ts';

const step = (statement: Statement, values: readonly unknown[] = []): BatchStep => ({ statement, values });

/** Until the transaction ends, rows of these workspaces are visible, and nothing can be written: a read that is repeated must do no harm. */
export const setWorkspaces = (workspaces: readonly WorkspaceId[]): BatchStep => step(SET_WORKSPACES, [workspaces.join(',')]);

/** The same for reads by key, of which one plan is as good as another: making one takes longer than they do. */
export const setWorkspacesForKeys = (workspaces: readonly WorkspaceId[]): BatchStep =>
  step(SET_WORKSPACES_FOR_KEYS, [workspaces.join(',')]);

/** Begins a writing transaction that has an id at once. `$2` is its longest statement in milliseconds. */
export const beginWrite = (workspaces: readonly WorkspaceId[], milliseconds: number, lockTimeout?: number): BatchStep[] => {
  const values = [workspaces.join(','), Math.ceil(milliseconds)];
  return [
    step(BEGIN_WRITE),
    lockTimeout === undefined ? step(OPEN_WRITE, values) : step(OPEN_WRITE_NOT_WAITING, [...values, Math.ceil(lockTimeout)]),
  ];
};

export const beginRead = (workspaces: readonly WorkspaceId[], milliseconds: number): BatchStep[] => [
  step(BEGIN_READ),
  step(OPEN_READ, [workspaces.join(','), Math.ceil(milliseconds)]),
];

export const COMMIT: BatchStep = step({ name: 'sophia_commit', text: 'commit' });
export const ROLLBACK: BatchStep = step({ name: 'sophia_rollback', text: 'rollback' });
export const WAL_POSITION: BatchStep = step({ name: 'sophia_wal_position', text: 'select pg_current_wal_lsn()::text as wal_position' });
export const PING: Statement = { name: 'sophia_ping', text: 'select 1' };

const SET_WORKSPACES: Statement = {
  name: 'sophia_set_workspaces',
  text: `select set_config('sophia.workspaces', $1, true), set_config('transaction_read_only', 'on', true)`,
};
const SET_WORKSPACES_FOR_KEYS: Statement = {
  name: 'sophia_set_workspaces_for_keys',
  text: `${SET_WORKSPACES.text}, set_config('plan_cache_mode', 'force_generic_plan', true)`,
};
const BEGIN_WRITE: Statement = { name: 'sophia_begin_write', text: 'begin isolation level read committed read write' };
const BEGIN_READ: Statement = { name: 'sophia_begin_read', text: 'begin isolation level repeatable read read only' };
const OPEN_READ: Statement = {
  name: 'sophia_open_read',
  text: `select set_config('sophia.workspaces', $1, true), set_config('statement_timeout', $2, true)`,
};
const OPEN_WRITE: Statement = {
  name: 'sophia_open_write',
  text: `select set_config('sophia.workspaces', $1, true), set_config('statement_timeout', $2, true),
    pg_current_xact_id()::text as transaction_id`,
};
const OPEN_WRITE_NOT_WAITING: Statement = {
  name: 'sophia_open_write_not_waiting',
  text: `${OPEN_WRITE.text}, set_config('lock_timeout', $3, true)`,
};
