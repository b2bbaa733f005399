import type { Call } from '@sophia/types';
import type { AuditEntry, AuditRecord } from '../audit/audit.ts';
import { systemPrincipal } from '../system-principal.ts';
import { type AuthHarness, callOf } from './auth-harness.ts';

/** A call in a workspace of the test's own, whose audit holds nothing else. */
export const auditedCall = async ({ auth }: AuthHarness, workspace: string): Promise<Call> =>
  callOf(systemPrincipal('test', await auth.workspaces.ensure(workspace)));

/** One read that was let through. */
export const entryOf = (call: Call, object: string, other: Partial<AuditEntry> = {}): AuditEntry => ({
  call,
  action: 'read',
  object,
  milliseconds: 2,
  ...other,
});

/** Of all entries but those of the listings themselves. */
export const objectsOf = (entries: readonly AuditRecord[]): string[] =>
  entries.filter(({ object }) => object !== 'audit').map(({ object }) => object);

export async function followAll({ auth }: AuthHarness, call: Call, cursor?: string | null) {
  const page = await auth.audit.follow(call, { limit: 1_000, cursor: cursor ?? undefined });
  return { objects: objectsOf(page.entries), cursor: page.cursor };
}
