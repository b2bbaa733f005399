import type { Database, Statement } from '@sophia/database';
import type { WorkspaceId } from '@sophia/types';
import { ENDED_AT, IS_RUNNING } from '../imports/import-row.ts';

/** What a source last did, for one record type of a workspace; instants are ISO 8601. */
export interface SourceActivityRow {
  readonly workspace: WorkspaceId;
  readonly source_system: string;
  readonly record_type: string;
  readonly last_record_at: string;
  /** When its last import ended, well or not; null without one. */
  readonly last_sync_at: string | null;
  readonly sync: 'none' | 'succeeded' | 'failed';
}

/** What all sources of these workspaces did: for a process that starts to state their freshness. */
export const readSourceActivity = (database: Database, workspaces: readonly WorkspaceId[]): Promise<readonly SourceActivityRow[]> =>
  workspaces.length === 0 ? Promise.resolve([]) : database.select<SourceActivityRow>(workspaces, READ_SOURCE_ACTIVITY);

/** A source of which an import was interrupted. */
export interface InterruptedSourceRow {
  readonly workspace: WorkspaceId;
  readonly source_system: string;
}

/** The sources of these workspaces of which an import was interrupted that nothing resumes, and none has ended since. */
export const readInterruptedSources = (database: Database, workspaces: readonly WorkspaceId[]): Promise<readonly InterruptedSourceRow[]> =>
  workspaces.length === 0 ? Promise.resolve([]) : database.select<InterruptedSourceRow>(workspaces, READ_INTERRUPTED_SOURCES);

const READ_SOURCE_ACTIVITY: Statement = {
  name: 'catalog_read_source_activity',
  text: `with latest as (
      select distinct on (workspace, source_system) workspace, source_system, state, ${ENDED_AT} as ended_at
      from import_run as i where source_system is not null and state in ('finished', 'failed')
      order by workspace, source_system, ended_at desc, id desc
    )
    select workspace, source_system, record_type, max(last_record_at) as last_record_at, max(ended_at) as last_sync_at,
      case max(state) when 'finished' then 'succeeded' when 'failed' then 'failed' else 'none' end as sync
    from source_activity left join latest using (workspace, source_system)
    group by workspace, source_system, record_type`,
};

/** Asked again and again: `max` takes a step in an index for each, where `not exists` reads all imports that ended (1 s for 400,000). */
export const READ_INTERRUPTED_SOURCES: Statement = {
  name: 'catalog_read_interrupted_sources',
  text: `select distinct i.workspace, i.source_system from import_run as i
    where i.state = 'running' and i.source_system is not null and not ${IS_RUNNING} and i.updated_at >= coalesce((
      select max(coalesce(other.finished_at, other.updated_at)) from import_run as other
      where other.workspace = i.workspace and other.source_system = i.source_system and other.state in ('finished', 'failed')
    ), '-infinity')`,
};
