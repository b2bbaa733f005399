import type { Call } from '@sophia/types';
import type { CatalogContext } from '../catalog-context.ts';

/**
 * Has a read that names a write judged by what that left of the record types, of the rules and of the caller's user record.
 * What this process wrote alone, or has applied out of the log, it knows; else they are read anew, once for a token and user:
 * what another process wrote before may be part of the token of a write through this one, too.
 *
 * Errors: `invalid_token`, `cursor_of_another_log`.
 */
export async function catchUp(
  { book, policy, knownTokens, hasApplied }: Pick<CatalogContext, 'book' | 'policy' | 'knownTokens' | 'hasApplied'>,
  { principal }: Call,
  after: string,
): Promise<void> {
  const { workspace, userRecord } = principal;
  if (knownTokens.has(after)) return;
  const ofUser = `${after} ${workspace} ${JSON.stringify(userRecord)}`;
  if (knownTokens.has(ofUser) || (await hasApplied(after))) return;
  await book.current(workspace);
  await policy.renew(principal);
  knownTokens.add(ofUser);
}
