import type { Audit, Authentication, Policies } from '@sophia/auth';
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
  readonly policy: Pick<Policies, 'resolve' | 'forget' | 'forgetUser' | 'renew'>;
  readonly authentication: Pick<Authentication, 'hold'>;
  readonly audit: Pick<Audit, 'record' | 'write' | 'read'>;
  readonly clock: Clock;
  /**
   * Whether this process has taken notice, out of the log, of all that was committed before the write: of types and user
   * records. Errors: `invalid_token`, `cursor_of_another_log`.
   */
  readonly hasApplied: (token: string) => Promise<boolean>;
  /** Whether no other process writes to the database. */
  readonly isAlone: boolean;
  readonly observability: Pick<Observability, 'metrics' | 'logger'>;
}
