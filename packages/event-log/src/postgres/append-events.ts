import type { Database } from '@sophia/database';
import type { NewEvent, Transaction } from '@sophia/types';
import { FACT_COLUMNS, FACTS_BY_COLUMN, factValues } from './event-rows.ts';

/**
 * Adds the events in their order. They go as one JSON array of arrays: measured 11.5 µs of the server's
 * time an event, against 13.7 for an array of objects with `jsonb_to_recordset`, 15.0 with
 * `json_to_recordset`, 11.7 for an array for each column (which takes JavaScript three times as long
 * to write) and 11.0 by COPY through a temporary table, with two more round trips.
 */
export async function appendEvents(app: Database, transaction: Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await app.query(transaction, APPEND, [JSON.stringify(events.map(factValues))]);
}

/** The value of a column out of `factValues`. What is null in JSON is null in the table. */
const columnValue = ({ type }: (typeof FACTS_BY_COLUMN)[number], index: number): string => {
  switch (type) {
    case 'jsonb':
      return `nullif(fact->${index}, 'null')`;
    case 'text':
      return `fact->>${index}`;
    default:
      return `(fact->>${index})::${type}`;
  }
};

// The rows of a function come in its order, and nothing here sorts or joins them.
const APPEND = {
  name: 'event_log_append',
  text: `insert into event (${FACT_COLUMNS})
    select ${FACTS_BY_COLUMN.map(columnValue).join(', ')}
    from jsonb_array_elements($1) as fact`,
};
