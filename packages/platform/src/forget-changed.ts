import type { Auth } from '@sophia/auth';
import type { RecordTypeBook } from '@sophia/catalog';
import type { EventFact } from '@sophia/types';

export interface ForgetChangedOptions {
  readonly policies: Pick<Auth['policies'], 'forget' | 'forgetUser'>;
  readonly recordTypes: Pick<RecordTypeBook, 'forget'>;
}

/**
 * What a principal sees follows from record types and its user record: when they change, policies are resolved anew, by
 * types that are read after the change.
 */
export const forgetChanged = ({ policies, recordTypes }: ForgetChangedOptions, events: readonly EventFact[]): void => {
  for (const { kind, workspace, record } of events) {
    if (kind === 'record_type.changed') {
      recordTypes.forget(workspace);
      policies.forget(workspace);
    } else if (record?.record_type === 'user') policies.forgetUser(workspace, record);
  }
};
