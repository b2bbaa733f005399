import { parseMicros } from '@sophia/shared';
import type { EventFact, RecordTypeDefinition } from '@sophia/types';
import type { WarehouseChange } from '@sophia/warehouse';

/** What an event does to the warehouse; nothing for events that concern neither a record's row nor a table. */
export const warehouseChanges = (event: EventFact): readonly WarehouseChange[] => {
  const { record, workspace } = event;
  if (event.kind === 'record_type.changed') {
    const { name, fields } = definitionOf(event);
    return [{ kind: 'define', recordType: name, workspace, fields }];
  }
  if (record === null || event.version === null) return [];
  const { id, record_type: recordType } = record;
  const { version } = event;
  const deletion = (): WarehouseChange => ({ kind: 'delete', recordType, workspace, id, version, at: microseconds(event.at) });
  switch (event.kind) {
    case 'record.created':
    case 'record.updated':
      return [
        {
          kind: 'upsert',
          recordType,
          row: {
            workspace,
            id,
            source_system: record.source_system,
            source_id: record.source_id,
            version,
            occurred_at: event.occurred_at,
            business_priority: event.business_priority,
            created_at: event.created_at ?? event.at,
            valid_from: microseconds(event.at),
            data: event.data ?? {},
          },
        },
      ];
    case 'record.deleted':
      return [deletion()];
    case 'record.erased':
      // What is erased is no longer a record, as in the catalog; its history stays, blank.
      return [{ kind: 'erase', recordType, workspace, id }, deletion()];
    default:
      return [];
  }
};

/** The whole definition that a `record_type.changed` event carries: the catalog is its only writer. */
const definitionOf = (event: EventFact): RecordTypeDefinition => event.data as unknown as RecordTypeDefinition;

/** Events of one tick carry the same instant: it is parsed once for all of them. */
let lastText = '';
let lastMicroseconds = 0n;
const microseconds = (instant: string): bigint => {
  if (instant !== lastText) {
    const parsed = parseMicros(instant);
    if (parsed === undefined) throw new TypeError(`not an instant: ${instant}`);
    lastText = instant;
    lastMicroseconds = parsed;
  }
  return lastMicroseconds;
};
