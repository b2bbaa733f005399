import type { RecordChange } from '@sophia/core';
import type { EventFact, JsonObject, JsonValue } from '@sophia/types';

/** A record before and after the event, from its whole new state and the old values of what changed. */
export const recordChange = ({ kind, record, data, previous, version }: EventFact): RecordChange | undefined => {
  if (record === null) return undefined;
  const recordType = record.record_type;
  switch (kind) {
    case 'record.created':
      return { recordType, before: null, after: data };
    case 'record.updated':
      return { recordType, before: stateBefore(data, previous), after: data };
    case 'record.deleted':
      return { recordType, before: stateBefore(data, previous), after: null };
    case 'record.erased':
      return { recordType, before: null, after: version === null ? null : data, erased: true };
    default:
      return undefined;
  }
};

const stateBefore = (data: JsonObject | null, previous: JsonObject | null): JsonObject => {
  const before: Record<string, JsonValue> = { ...data, ...previous };
  for (const [field, value] of Object.entries(previous ?? {})) {
    if (value === null) delete before[field];
  }
  return before;
};
