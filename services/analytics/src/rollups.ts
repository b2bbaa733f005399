import type { AvailableRollup, CompileContext, ResolvedPolicy } from '@sophia/core';
import type { Logger } from '@sophia/observability';
import type { SemanticLayer, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';

/** The rollups that semantic models declare: kept by the warehouse with the records themselves. */
export interface Rollups {
  available(workspace: WorkspaceId): readonly AvailableRollup[];
  keep(
    workspace: WorkspaceId,
    layer: SemanticLayer,
    context: (workspace: WorkspaceId, policy: ResolvedPolicy) => CompileContext,
  ): Promise<void>;
}

export const createRollups = (_warehouse: Warehouse, _logger: Logger): Rollups => {
  throw new Error('coming with the compiler of rollups');
};
