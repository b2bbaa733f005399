import type { Auth } from '@sophia/auth';
import type { LogEvent } from '@sophia/types';

/** What a principal sees follows from record types and its user record: when they change, policies are resolved anew. */
export const forgetPolicies = ({ policies }: Auth, events: readonly LogEvent[]): void => {
  for (const { kind, workspace, record } of events) {
    if (kind === 'record_type.changed') policies.forget(workspace);
    else if (record?.record_type === 'user') policies.forgetUser(workspace, record);
  }
};
