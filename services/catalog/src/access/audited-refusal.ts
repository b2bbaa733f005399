import { isSophiaError } from '@sophia/shared';
import type { AuditEntry, Collaborators } from '../collaborators.ts';

/**
 * Runs a transaction that writes what `entry` says, and audits its refusal: the principal may not write the record, or
 * sees none there. The entry stands by itself, since what the transaction recorded is undone with it.
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
    if (isSophiaError(error, 'forbidden') || isSophiaError(error, 'not_found'))
      await audit.write({ ...entry, result: error.code, rows: 0, milliseconds: clock.monotonic() - begun });
    throw error;
  }
}
