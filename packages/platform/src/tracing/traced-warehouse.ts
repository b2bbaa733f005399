import type { Tracer } from '@sophia/observability';
import type { Warehouse } from '@sophia/warehouse';

const SYSTEM = { 'db.system.name': 'duckdb' };

/** The warehouse with a span for each query and each batch that changes something, within the trace of whoever asks. */
export const traceWarehouse = (warehouse: Warehouse, tracer: Tracer): Warehouse => {
  if (!tracer.enabled) return warehouse;
  return {
    ...warehouse,
    query: (statement, options) =>
      tracer.span('warehouse.query', { kind: 'client', attributes: { ...SYSTEM, 'db.query.text': statement.text } }, async (span) => {
        const result = await warehouse.query(statement, options);
        span.setAttribute('sophia.rows', result.rowCount);
        return result;
      }),
    apply(batch) {
      const { changes, tick } = batch;
      // Ticks come every second when nothing happens.
      if (changes.length === 0) return warehouse.apply(batch);
      const attributes = { ...SYSTEM, 'sophia.tick': tick, 'sophia.changes': changes.length };
      return tracer.span('warehouse.apply', { kind: 'client', attributes }, () => warehouse.apply(batch));
    },
  };
};
