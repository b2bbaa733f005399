import { parseMicros } from '@sophia/shared';
import type { LogEvent, RecordTypeDefinition } from '@sophia/types';
import type { WarehouseChange } from '@sophia/warehouse';

/** What an event does to the warehouse; undefined for events that concern neither a record's row nor a table. */
export const warehouseChange = (event: LogEvent): WarehouseChange | undefined => {
  const { record, workspace } = event;
  if (event.kind === 'record_type.changed') {
    const { name, fields } = definitionOf(event);
    return { kind: 'define', recordType: name, workspace, fields };
  }
  if (record === null || event.version === null) return undefined;
  const recordType = record.record_type;
  switch (event.kind) {
    case 'record.created':
    case 'record.updated':
      return {
        kind: 'upsert',
        recordType,
        row: {
          workspace,
          id: record.id,
          source_system: record.source_system,
          source_id: record.source_id,
          version: event.version,
          occurred_at: event.occurred_at,
          business_priority: event.business_priority,
          created_at: event.created_at ?? event.at,
          valid_from: microseconds(event.at),
          data: event.data ?? {},
        },
      };
    case 'record.deleted':
      return { kind: 'delete', recordType, workspace, id: record.id, version: event.version, at: microseconds(event.at) };
    case 'record.erased':
      return { kind: 'erase', recordType, workspace, id: record.id };
    default:
      return undefined;
  }
};

/** The whole definition that a `record_type.changed` event carries: the catalog is its only writer. */
const definitionOf = (event: LogEvent): RecordTypeDefinition => event.data as unknown as RecordTypeDefinition;

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
