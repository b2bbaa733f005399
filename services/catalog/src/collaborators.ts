import type { Audit, Policies } from '@sophia/auth';
import type { Database } from '@sophia/database';
import type { EventLog } from '@sophia/event-log';
import type { Observability } from '@sophia/observability';
import type { Clock } from '@sophia/shared';

export type { AuditEntry } from '@sophia/auth';

/** What the catalog is made of. */
export interface Collaborators {
  /** As the role `app`. */
  readonly database: Database;
  readonly eventLog: Pick<
    EventLog,
    'append' | 'read' | 'head' | 'history' | 'erase' | 'waitForTick' | 'wake' | 'encodeToken' | 'decodeToken'
  >;
  readonly policy: Pick<Policies, 'resolve' | 'forget' | 'forgetUser'>;
  readonly audit: Pick<Audit, 'record' | 'write' | 'read'>;
  readonly clock: Clock;
  readonly observability: Pick<Observability, 'metrics' | 'logger'>;
}
