import type { Database } from '@sophia/database';
import type { NewEvent, Transaction } from '@sophia/types';
import { FACT_COLUMNS } from './event-rows.ts';

/**
 * Adds the events in their order. One JSON document rather than an array for each column: JavaScript
 * writes it natively, and nested JSON needs no second escaping.
 */
export async function appendEvents(app: Database, transaction: Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await app.query(transaction, APPEND, [JSON.stringify(events.map(rowOf))]);
}

const rowOf = ({ record, ...fact }: NewEvent) => ({
  ...fact,
  record_id: record?.id,
  source_system: record?.source_system,
  record_type: record?.record_type,
  source_id: record?.source_id,
});

const APPEND = {
  name: 'event_log_append',
  text: `insert into event (${FACT_COLUMNS})
    select ${FACT_COLUMNS}
    from rows from (jsonb_to_recordset($1) as (
      workspace integer, kind text, record_id bigint, source_system text, record_type text, source_id text, version integer,
      occurred_at timestamptz, source_version text, business_priority text, created_at timestamptz,
      actor jsonb, cause jsonb, data jsonb, previous jsonb, original jsonb
    )) with ordinality as fact
    order by ordinality`,
};
