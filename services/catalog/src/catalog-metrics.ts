import type { Metrics } from '@sophia/observability';
import type { WriteCounts } from '@sophia/types';

export interface CatalogMetrics {
  counted(counts: WriteCounts): void;
  /** Requests that shared a transaction. */
  grouped(requests: number): void;
  /** Milliseconds of one chunk's transaction. */
  chunkWritten(milliseconds: number): void;
}

/** What becomes of a single row that does not fit its type. */
export const ONE_REJECTED: WriteCounts = { created: 0, updated: 0, unchanged: 0, stale: 0, rejected: 1 };

export function createCatalogMetrics(metrics: Metrics): CatalogMetrics {
  const rows = metrics.counter({
    name: 'sophia_catalog_rows_total',
    help: 'Rows sent to the catalog, by what became of them.',
    labels: ['outcome'],
  });
  const outcomes = {
    created: rows.with({ outcome: 'created' }),
    updated: rows.with({ outcome: 'updated' }),
    unchanged: rows.with({ outcome: 'unchanged' }),
    rejected: rows.with({ outcome: 'rejected' }),
  };
  const group = metrics
    .histogram({
      name: 'sophia_catalog_group_commit_requests',
      help: 'Single writes that shared one transaction.',
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
    })
    .with();
  const chunk = metrics.histogram({ name: 'sophia_catalog_chunk_seconds', help: 'Time of one transaction of an import.' }).with();
  return {
    counted({ created, updated, unchanged, rejected }) {
      outcomes.created.add(created);
      outcomes.updated.add(updated);
      outcomes.unchanged.add(unchanged);
      outcomes.rejected.add(rejected);
    },
    grouped: (requests) => group.observe(requests),
    chunkWritten: (milliseconds) => chunk.observe(milliseconds / 1_000),
  };
}
