import type { Audit } from '@sophia/auth';
import type { Cache } from '@sophia/cache';
import type { ResolvedPolicy, SemanticFile } from '@sophia/core';
import type { EventLog } from '@sophia/event-log';
import type { Observability } from '@sophia/observability';
import type { Clock } from '@sophia/shared';
import type { EventFact, Principal, RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';
import type { InterruptedSource, SourceActivity } from './freshness/source-activity.ts';
import type { WorkspaceCalendar } from './queries/prepared-queries.ts';

/** What a principal may see, as `@sophia/auth` resolves it. */
export interface PolicyReader {
  resolve(principal: Principal): Promise<ResolvedPolicy>;
  /** The same without waiting, where it is known and still in force. */
  peek(principal: Principal): ResolvedPolicy | undefined;
}

/** The part of the audit that answers write. */
export type AuditTrail = Pick<Audit, 'read' | 'tryRead'>;

/** What the read side is made of. */
export interface Collaborators {
  readonly eventLog: EventLog;
  readonly warehouse: Warehouse;
  /** Which instance the warehouse is of, where several keep one each over the same log. */
  readonly instance?: string | undefined;
  /** Whether an error of the warehouse concerns its surroundings: it is retried then. */
  readonly isEnvironmental: (error: unknown) => boolean;
  /** L1 and L3: answers, and the warehouse's results. */
  readonly answers: Cache;
  readonly results: Cache;
  readonly policies: PolicyReader;
  readonly audit: AuditTrail;
  readonly observability: Pick<Observability, 'logger' | 'metrics' | 'tracer' | 'slowQueries'>;
  readonly clock: Clock;
  readonly newQueryId: () => string;
  /** Workspaces that are there when the process starts. */
  readonly workspaces: () => readonly WorkspaceId[];
  /** The workspace's model files. */
  readonly readModels: (workspace: WorkspaceId) => Promise<readonly SemanticFile[]>;
  /** Built-in record types and the workspace's own. */
  readonly readRecordTypes: (workspace: WorkspaceId) => Promise<readonly RecordTypeDefinition[]>;
  readonly calendar: (workspace: WorkspaceId) => WorkspaceCalendar;
  /** What each source did before this process started. */
  readonly readSourceActivity: () => Promise<readonly SourceActivity[]>;
  /** Of which sources an import was interrupted that nothing resumes, by now. */
  readonly readInterruptedSources: () => Promise<readonly InterruptedSource[]>;
  /** Told of applied events before the answers that they change are dropped. */
  readonly onApplied: (events: readonly EventFact[]) => void;
  /** How many of the most asked answers are computed again when their data changed. */
  readonly warmAnswers: number;
  /** Aborted when the process begins to close: what nobody waits for is given up. */
  readonly closing: AbortSignal;
}
