import type { Call } from '@sophia/types';
import type { CatalogContext } from '../catalog-context.ts';

/**
 * Has a read that names a write judged by what that left of the record types and of the caller's user record. What this
 * process wrote it knows; what another wrote it may not have applied yet, so both are read anew.
 */
export async function catchUp(
  { book, policy, ownTokens }: Pick<CatalogContext, 'book' | 'policy' | 'ownTokens'>,
  { principal }: Call,
  after: string,
): Promise<void> {
  if (ownTokens.has(after)) return;
  await book.current(principal.workspace);
  if (principal.userRecord !== undefined) policy.forgetUser(principal.workspace, principal.userRecord);
}
