import { SophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import type { ApiServices } from '../services.ts';

/** For routes about the whole platform rather than a service's own. Errors: `forbidden`, audited. */
export const requireAdministrator = async (
  { policies, audit }: Pick<ApiServices, 'policies' | 'audit'>,
  call: Call,
  action: string,
  object: string,
): Promise<void> => {
  const policy = await policies.resolve(call.principal);
  if (policy.can('administer')) return;
  await audit.write({ call, action, object, result: 'forbidden', milliseconds: 0 });
  throw new SophiaError('forbidden', `The role ${call.principal.role} may not ${action}.`, { details: { action, object } });
};
