import type { AvailableRollup, CompileContext, ResolvedPolicy } from '@sophia/core';
import type { SemanticLayer, WorkspaceId } from '@sophia/types';

/** The rollups that semantic models declare: kept by the warehouse with the records themselves. */
export interface Rollups {
  available(workspace: WorkspaceId): readonly AvailableRollup[];
  keep(
    workspace: WorkspaceId,
    layer: SemanticLayer,
    context: (workspace: WorkspaceId, policy: ResolvedPolicy) => CompileContext,
  ): Promise<void>;
}

export const createRollups = (): Rollups => ({ available: () => [], keep: async () => {} });
