import type { Logger } from '@sophia/observability';
import type { RecordTypeDefinition, WorkspaceId } from '@sophia/types';
import { isEnvironmentalWarehouseError } from '@sophia/warehouse';
import { type Currencies, currencyFieldOf } from './currencies.ts';
import type { SemanticLayers } from './models/semantic-layers.ts';
import type { PreparedQueries } from './queries/prepared-queries.ts';
import type { Rollups } from './rollups.ts';
import type { SourceSystems } from './source-systems.ts';

/** What is known of a workspace's data before its first statement is compiled: currencies, source systems, rollups. */
export interface WorkspaceKnowledge {
  /** Resolves when it is known. Throws what kept it from being learnt, but for a statement that fails; the next call tries again. */
  know(workspace: WorkspaceId): Promise<void>;
  /** Learns these one after the other, each that nobody asked for before. Never throws: what could not be learnt waits for who asks for it. */
  knowAll(workspaces: readonly WorkspaceId[], signal: AbortSignal): Promise<void>;
  /** The workspace's models or record types changed: it is learnt anew when it is next asked for. */
  forget(workspace: WorkspaceId): void;
}

export interface WorkspaceKnowledgeOptions {
  readonly readRecordTypes: (workspace: WorkspaceId) => Promise<readonly RecordTypeDefinition[]>;
  readonly layers: SemanticLayers;
  readonly currencies: Currencies;
  readonly sourceSystems: SourceSystems;
  readonly rollups: Rollups;
  readonly prepared: PreparedQueries;
  readonly logger: Pick<Logger, 'error'>;
}

export const createWorkspaceKnowledge = (options: WorkspaceKnowledgeOptions): WorkspaceKnowledge => {
  const { readRecordTypes, layers, currencies, sourceSystems, rollups, prepared, logger } = options;
  const known = new Map<WorkspaceId, Promise<void>>();

  /** A type that cannot be learnt may have several currencies and systems, as before it is learnt: its statements, and all others, go on. */
  const learnType = async (workspace: WorkspaceId, definition: RecordTypeDefinition): Promise<void> => {
    const field = currencyFieldOf(definition);
    try {
      if (field !== undefined) await currencies.learn(workspace, definition.name, field);
      await sourceSystems.learn(workspace, definition.name);
    } catch (error) {
      // What is no fault of the statement is tried again.
      if (isEnvironmentalWarehouseError(error)) throw error;
      logger.error(
        { err: error, workspace, record_type: definition.name },
        'the currencies and source systems of a type could not be learnt',
      );
    }
  };

  const learn = async (workspace: WorkspaceId): Promise<void> => {
    for (const definition of await readRecordTypes(workspace)) await learnType(workspace, definition);
    await rollups.keep(workspace, await layers.layer(workspace), prepared.context(workspace));
    prepared.forget(workspace);
  };

  const know = (workspace: WorkspaceId): Promise<void> => {
    const underWay = known.get(workspace);
    if (underWay !== undefined) return underWay;
    const learning = learn(workspace);
    known.set(workspace, learning);
    learning.catch(() => {
      if (known.get(workspace) === learning) known.delete(workspace);
    });
    return learning;
  };

  return {
    know,
    async knowAll(workspaces, signal) {
      for (const workspace of workspaces) {
        if (signal.aborted) return;
        await know(workspace).catch((error: unknown) => {
          // What is closing takes its database and its warehouse away.
          if (!signal.aborted) logger.error({ err: error, workspace }, 'the semantic models could not be taken up');
        });
      }
    },
    forget: (workspace) => void known.delete(workspace),
  };
};
