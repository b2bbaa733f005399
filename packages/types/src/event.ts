import type { Position, RecordId, WorkspaceId } from './ids.ts';
import type { JsonObject } from './json.ts';
import type { BusinessPriority, NaturalKey } from './record.ts';

export const RECORD_EVENT_KINDS = ['record.created', 'record.updated', 'record.deleted', 'record.erased'] as const;
export type RecordEventKind = (typeof RECORD_EVENT_KINDS)[number];
export type SystemEventKind = 'record_type.changed' | 'sync.finished' | 'workspace.changed';
export type EventKind = RecordEventKind | SystemEventKind;

export interface Actor {
  /** Id of the key, user or agent. */
  readonly principal: string;
  readonly via: 'rest' | 'command_line' | 'import' | 'singer' | 'system';
  readonly on_behalf_of?: string | undefined;
}

export interface Cause {
  readonly import?: string | undefined;
  readonly request?: string | undefined;
  readonly proposal?: string | undefined;
  readonly line?: number | undefined;
}

/** A fact to be appended; the log gives it position and time. */
export interface NewEvent {
  readonly workspace: WorkspaceId;
  readonly kind: EventKind;
  /** Null for events that concern no record. */
  readonly record: (NaturalKey & { readonly id: RecordId }) | null;
  readonly version: number | null;
  readonly occurred_at: string | null;
  readonly source_version: string | null;
  /** The record's priority after the event. */
  readonly business_priority: BusinessPriority | null;
  /** When the record was first created in the catalog, ISO 8601; null for events that concern no record. */
  readonly created_at: string | null;
  readonly actor: Actor;
  readonly cause: Cause;
  /** Whole new state of the record; for other kinds the fact itself. */
  readonly data: JsonObject | null;
  /** Old values of the fields that changed; null for a creation. */
  readonly previous: JsonObject | null;
  /** Raw value of each repaired field. */
  readonly original: JsonObject | null;
}

/** One committed fact of the log. */
export interface LogEvent extends NewEvent {
  readonly event_version: 1;
  readonly position: Position;
  /** Its tick's time, ISO 8601 with microseconds: `valid_from` in the warehouse. */
  readonly at: string;
}

/** What an event says of its record or of a type, without who caused it and how its fields came to their values. */
export type EventFact = Omit<LogEvent, 'actor' | 'cause' | 'original'>;
