import type { CallOptions, Database } from '@sophia/database';
import type { Clock } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';
import { createBoundedCache } from '../bounded-cache.ts';
import type { Workspace } from './workspace.ts';
import { ALL_WORKSPACES, FIND_WORKSPACE, type WorkspaceRow } from './workspace-statements.ts';

/** The workspaces of the database, each remembered by its name for a short time. */
export interface KnownWorkspaces {
  /** Undefined where there is none, which is not remembered. */
  find(name: string): Promise<Workspace | undefined>;
  all(options?: CallOptions): Promise<Workspace[]>;
  remember(row: WorkspaceRow): Workspace;
  forget(id: WorkspaceId): void;
}

const KEEP_MILLISECONDS = 10_000;
const MAXIMUM_KNOWN = 10_000;

export function createKnownWorkspaces(database: Database, clock: Clock): KnownWorkspaces {
  const known = createBoundedCache<string, { readonly workspace: Workspace; readonly until: number }>(MAXIMUM_KNOWN);
  /** Of what was remembered or forgotten: what was read before the last one may be what is no longer true. */
  let changes = 0;
  const keep = (row: WorkspaceRow): Workspace => {
    const workspace = toWorkspace(row);
    known.set(workspace.name, { workspace, until: clock.monotonic() + KEEP_MILLISECONDS });
    return workspace;
  };
  return {
    async find(name) {
      const entry = known.get(name);
      if (entry !== undefined && clock.monotonic() < entry.until) return entry.workspace;
      const before = changes;
      const [row] = await database.select<WorkspaceRow>([], FIND_WORKSPACE, [name]);
      if (row === undefined) return undefined;
      return changes === before ? keep(row) : toWorkspace(row);
    },
    all: async (options) => (await database.select<WorkspaceRow>([], ALL_WORKSPACES, [], options)).map(toWorkspace),
    remember(row) {
      changes++;
      return keep(row);
    },
    forget(id) {
      changes++;
      for (const { workspace } of [...known.values()]) if (workspace.id === id) known.delete(workspace.name);
    },
  };
}

const toWorkspace = ({ id, name, settings, created_at }: WorkspaceRow): Workspace => ({ id, name, settings, created_at });
