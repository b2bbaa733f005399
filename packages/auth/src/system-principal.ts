import type { Principal, WorkspaceRef } from '@sophia/types';

const PREFIX = 'system:';

/** A principal for work that nobody asked for from outside: the start, projections, the owner's command line. It may do everything. */
export const systemPrincipal = (name: string, { id, name: workspaceName }: WorkspaceRef): Principal => ({
  id: `${PREFIX}${name}`,
  name,
  role: 'admin',
  workspace: id,
  workspaceName,
});

/** Ids with this beginning are made here alone: those of keys begin with `key:`, those of tokens with `user:`. */
export const isSystemPrincipal = ({ id }: Principal): boolean => id.startsWith(PREFIX);
