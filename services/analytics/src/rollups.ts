import { type AvailableRollup, type CompileContext, type CompiledRollup, compileRollup } from '@sophia/core';
import type { Logger } from '@sophia/observability';
import type { SemanticLayer, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';

/** The rollups that semantic models declare: kept by the warehouse in the transactions of the records themselves. */
export interface Rollups {
  /** Those that are there and complete: the compiler may answer from them. */
  available(workspace: WorkspaceId): readonly AvailableRollup[];
  /** Makes, keeps and drops what this layer of the workspace takes. The context has no policy: rollups are over all records. */
  keep(workspace: WorkspaceId, layer: SemanticLayer, context: CompileContext): Promise<void>;
}

export const createRollups = (warehouse: Warehouse, logger: Pick<Logger, 'warn'>): Rollups => {
  const declared = new Map<WorkspaceId, readonly CompiledRollup[]>();
  let keeping: Promise<void> = Promise.resolve();

  const apply = async (): Promise<void> => {
    await warehouse.setDerivedTables([...declared.values()].flat());
    for (const { name, error } of warehouse.derivedTables()) {
      if (error !== undefined)
        logger.warn({ rollup: name, error }, 'a rollup could not be kept: its questions are answered from the records');
    }
  };

  return {
    available(workspace) {
      const kept = new Map(warehouse.derivedTables().map((state) => [state.name, state]));
      return (declared.get(workspace) ?? []).flatMap(({ name, fingerprint, available }) => {
        const state = kept.get(name);
        return state?.fingerprint === fingerprint && state.error === undefined ? [available] : [];
      });
    },
    keep(workspace, layer, context) {
      const rollups = layer.models.flatMap((model) =>
        model.rollups.flatMap((rollup) => compileRollup(layer, model.name, rollup.name, context) ?? []),
      );
      declared.set(workspace, rollups);
      // One after the other: each call names the derived tables of all workspaces.
      keeping = keeping.then(apply, apply);
      return keeping;
    },
  };
};
