import type { Statement } from '@sophia/database';
import type { WorkspaceId } from '@sophia/types';
import type { WorkspaceSettings } from './workspace.ts';

export interface WorkspaceRow {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly settings: WorkspaceSettings;
  readonly created_at: string;
}

/** $1 its name. */
export const FIND_WORKSPACE: Statement = {
  name: 'auth_find_workspace',
  text: 'select id, name, settings, created_at from workspace where name = $1',
};

export const ALL_WORKSPACES: Statement = {
  name: 'auth_all_workspaces',
  text: 'select id, name, settings, created_at from workspace order by name',
};

/** $1 its name, $2 its settings. No row where the name is taken. */
export const INSERT_WORKSPACE: Statement = {
  name: 'auth_insert_workspace',
  text: `insert into workspace (name, settings) values ($1, $2) on conflict (name) do nothing
    returning id, name, settings, created_at`,
};

/** $1 the workspace, $2 its settings. */
export const CHANGE_SETTINGS: Statement = {
  name: 'auth_change_settings',
  text: 'update workspace set settings = $2 where id = $1 returning id, name, settings, created_at',
};
