import type { Statement } from '@sophia/database';
import { limitsOf } from '@sophia/types';
import type { Catalog, SourceStatus } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { ENDED_AT, IS_RUNNING } from '../imports/import-row.ts';

/** When each source of the workspace last changed a record, and when an import of it last ended, well or not. */
export const createSources =
  ({ database, audit, clock }: CatalogContext): Catalog['sources'] =>
  async (call) => {
    const begun = clock.monotonic();
    const { workspace } = call.principal;
    const sources = await database.select<SourceStatus>([workspace], READ_SOURCES, [workspace], limitsOf(call));
    await audit.read({ call, action: 'read', object: 'sources', rows: sources.length, milliseconds: clock.monotonic() - begun });
    return sources;
  };

const READ_SOURCES: Statement = {
  name: 'catalog_read_sources',
  text: `with activity as (
      select source_system, max(last_record_at) as last_record_at from source_activity where workspace = $1 group by source_system
    ), ended as (
      select distinct on (source_system) source_system, state, ${ENDED_AT} as last_sync_at
      from import_run as i where workspace = $1 and source_system is not null and state in ('finished', 'failed')
      order by source_system, last_sync_at desc, id desc
    ), begun as (
      select source_system, bool_or(is_running) as is_running, max(updated_at) filter (where not is_running) as interrupted_at
      from (
        select source_system, updated_at, ${IS_RUNNING} as is_running
        from import_run as i where workspace = $1 and source_system is not null and state = 'running'
      ) as run group by source_system
    )
    select source_system, last_record_at, last_sync_at,
      case when is_running then 'syncing'
        when state = 'failed' or interrupted_at >= coalesce(last_sync_at, '-infinity') then 'failed' else 'idle' end as state
    from activity full join ended using (source_system) full join begun using (source_system)
    order by source_system`,
};
