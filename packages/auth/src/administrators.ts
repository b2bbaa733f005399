import { SophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import type { Audit } from './audit/audit.ts';
import type { Authentication } from './authentication.ts';
import type { Policies } from './policies/policies.ts';

export interface AdministratorOptions {
  readonly policies: Pick<Policies, 'resolve'>;
  readonly audit: Pick<Audit, 'write'>;
}

export interface InstallationAdministratorOptions extends AdministratorOptions {
  readonly authentication: Pick<Authentication, 'isInstallationAdministrator'>;
}

/** For what concerns one workspace. Errors: `forbidden`, audited. */
export async function requireAdministrator(
  { policies, audit }: AdministratorOptions,
  call: Call,
  action: string,
  object: string,
): Promise<void> {
  const policy = await policies.resolve(call.principal);
  if (policy.can('administer')) return;
  await refuse(audit, call, action, object, `The role ${call.principal.role} may not ${action}.`);
}

/** For what concerns every workspace of the installation, or the process. Errors: `forbidden`, audited. */
export async function requireInstallationAdministrator(
  options: InstallationAdministratorOptions,
  call: Call,
  action: string,
  object: string,
): Promise<void> {
  await requireAdministrator(options, call, action, object);
  if (options.authentication.isInstallationAdministrator(call.principal)) return;
  const message = `${action} concerns every workspace: it needs a key of the installation.`;
  await refuse(options.audit, call, action, object, message);
}

async function refuse(audit: Pick<Audit, 'write'>, call: Call, action: string, object: string, message: string): Promise<never> {
  await audit.write({ call, action, object, result: 'forbidden', milliseconds: 0 });
  throw new SophiaError('forbidden', message, { details: { action, object } });
}
