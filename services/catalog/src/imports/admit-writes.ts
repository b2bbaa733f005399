import type { Call } from '@sophia/types';
import type { WriteAccess } from '../access/write-access.ts';
import type { CatalogContext } from '../catalog-context.ts';

/**
 * What the principal of an import may write of the type. Its stream may stay open for hours, so it is asked for each round, and
 * before what is done behind one. Errors: `unauthenticated` where the credential is no longer in force, `forbidden`.
 */
export async function admitWrites(
  { authentication, gate }: Pick<CatalogContext, 'authentication' | 'gate'>,
  call: Call,
  recordType: string,
): Promise<WriteAccess> {
  await authentication.hold(call.principal);
  return gate.writes(call, recordType);
}
