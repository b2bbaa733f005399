import { type AvailableRollup, type CompileContext, type CompiledRollup, compileRollup } from '@sophia/core';
import type { Logger } from '@sophia/observability';
import type { SemanticLayer, WorkspaceId } from '@sophia/types';
import type { Warehouse } from '@sophia/warehouse';

/** The rollups that semantic models declare: kept by the warehouse in the transactions of the records themselves. */
export interface Rollups {
  /** Those that are there and complete: the compiler may answer from them. */
  available(workspace: WorkspaceId): readonly AvailableRollup[];
  /**
   * Makes, keeps and drops what this layer of the workspace takes from now on; what others have stays. The context has no
   * policy: rollups are over all records.
   */
  keep(workspace: WorkspaceId, layer: SemanticLayer, context: CompileContext): Promise<void>;
  /** Workspaces of which a rollup failed, and was dropped by the warehouse, since this was asked last. */
  newlyFailed(): ReadonlySet<WorkspaceId>;
}

export const createRollups = (warehouse: Warehouse, logger: Pick<Logger, 'warn'>): Rollups => {
  const declared = new Map<WorkspaceId, readonly CompiledRollup[]>();
  let keeping: Promise<void> = Promise.resolve();
  /** Fingerprints of those that failed, by name. */
  let failed: ReadonlyMap<string, string> = new Map();
  /** Names of those whose failure was seen and not told yet. */
  const untold = new Set<string>();

  const lookForFailures = (): void => {
    const failing = warehouse.derivedTables().filter(({ error }) => error !== undefined);
    for (const { name, fingerprint, error } of failing) {
      if (failed.get(name) === fingerprint) continue;
      untold.add(name);
      logger.warn({ rollup: name, error }, 'a rollup could not be kept: its questions are answered from the records');
    }
    failed = new Map(failing.map(({ name, fingerprint }) => [name, fingerprint]));
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
      const next = async () => {
        await warehouse.setDerivedTables(rollups, workspace);
        lookForFailures();
      };
      // One after the other, so that what was declared last stays.
      keeping = keeping.then(next, next);
      return keeping;
    },
    newlyFailed() {
      lookForFailures();
      if (untold.size === 0) return NONE;
      const concerned = [...declared].filter(([, rollups]) => rollups.some(({ name }) => untold.has(name)));
      untold.clear();
      return new Set(concerned.map(([workspace]) => workspace));
    },
  };
};

const NONE: ReadonlySet<WorkspaceId> = new Set();
