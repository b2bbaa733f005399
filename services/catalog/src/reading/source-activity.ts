import type { Database, Statement } from '@sophia/database';
import type { WorkspaceId } from '@sophia/types';
import { ENDED_AT } from '../imports/import-row.ts';

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

const READ_SOURCE_ACTIVITY: Statement = {
  name: 'catalog_read_source_activity',
  text: `with latest as (
      select distinct on (workspace, source_system) workspace, source_system, state, ${ENDED_AT} as ended_at
      from import_run as i where source_system is not null and state in ('finished', 'failed')
      order by workspace, source_system, id desc
    )
    select workspace, source_system, record_type, max(last_record_at) as last_record_at, max(ended_at) as last_sync_at,
      case max(state) when 'finished' then 'succeeded' when 'failed' then 'failed' else 'none' end as sync
    from source_activity left join latest using (workspace, source_system)
    group by workspace, source_system, record_type`,
};
