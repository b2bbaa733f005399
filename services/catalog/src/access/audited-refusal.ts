import { isSophiaError } from '@sophia/shared';
import type { AuditEntry, Collaborators } from '../collaborators.ts';

/**
 * Runs a transaction that writes what `entry` says, and audits its refusal: the principal may not write the record, or
 * sees none there, or the row does not fit its type. The entry stands by itself, since what the transaction recorded is undone with it.
 */
export async function auditingRefusal<T>(
  { audit, clock }: Pick<Collaborators, 'audit' | 'clock'>,
  entry: Omit<AuditEntry, 'milliseconds'>,
  begun: number,
  transact: () => Promise<T>,
): Promise<T> {
  try {
    return await transact();
  } catch (error) {
    const refused = { ...entry, milliseconds: clock.monotonic() - begun };
    if (isSophiaError(error, 'row_rejected')) await audit.write({ ...refused, result: error.code });
    else if (isSophiaError(error, 'forbidden') || isSophiaError(error, 'not_found'))
      await audit.write({ ...refused, result: error.code, rows: 0 });
    throw error;
  }
}
