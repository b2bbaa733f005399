import type { WorkspaceId } from './ids.ts';

export const ROLES = ['viewer', 'analyst', 'employee', 'manager', 'executive', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const ACTIONS = ['read', 'export', 'write', 'propose', 'approve', 'administer'] as const;
export type Action = (typeof ACTIONS)[number];

/** Who asks. Every call of a service carries one. */
export interface Principal {
  /** `key:<id>`, `user:<subject>` or `system:<name>`. */
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly workspace: WorkspaceId;
  readonly workspaceName: string;
  /** Source id of the user record that this principal is, for row filters. */
  readonly userRecord?: { readonly source_system: string; readonly source_id: string } | undefined;
  readonly onBehalfOf?: string | undefined;
}
