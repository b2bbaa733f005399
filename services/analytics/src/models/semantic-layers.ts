import { parseSemanticLayer, type SemanticFile, semanticLayerError } from '@sophia/core';
import type { RecordTypeDefinition, SemanticLayer, SemanticProblem, WorkspaceId } from '@sophia/types';

export interface SemanticLayerSources {
  /** The workspace's model files, whole. */
  readModels(workspace: WorkspaceId): Promise<readonly SemanticFile[]>;
  /** Built-in record types and the workspace's own. */
  readRecordTypes(workspace: WorkspaceId): Promise<readonly RecordTypeDefinition[]>;
}

/** The semantic layer of each workspace, read when it is first asked for and when its files or types change. */
export interface SemanticLayers {
  /** Errors: `semantic_model_invalid` where there was never a valid one. */
  layer(workspace: WorkspaceId): Promise<SemanticLayer>;
  /** The layer if it was read before. */
  peek(workspace: WorkspaceId): SemanticLayer | undefined;
  /** Reads the files anew; a layer that was valid stays in force while they have problems. Resolves to those problems. */
  reload(workspace: WorkspaceId): Promise<readonly SemanticProblem[]>;
  /** Problems of the files as last read. */
  problems(): ReadonlyMap<WorkspaceId, readonly SemanticProblem[]>;
}

export const createSemanticLayers = ({ readModels, readRecordTypes }: SemanticLayerSources): SemanticLayers => {
  const layers = new Map<WorkspaceId, SemanticLayer>();
  const problems = new Map<WorkspaceId, readonly SemanticProblem[]>();
  const reading = new Map<WorkspaceId, Promise<readonly SemanticProblem[]>>();

  const read = async (workspace: WorkspaceId): Promise<readonly SemanticProblem[]> => {
    const [files, recordTypes] = await Promise.all([readModels(workspace), readRecordTypes(workspace)]);
    const parsed = parseSemanticLayer(files, recordTypes);
    if (parsed.layer !== null) layers.set(workspace, parsed.layer);
    problems.set(workspace, parsed.problems);
    return parsed.problems;
  };

  return {
    async layer(workspace) {
      const known = layers.get(workspace);
      if (known !== undefined) return known;
      const underWay = reading.get(workspace) ?? read(workspace).finally(() => reading.delete(workspace));
      reading.set(workspace, underWay);
      const found = await underWay;
      const layer = layers.get(workspace);
      if (layer !== undefined) return layer;
      throw semanticLayerError(found);
    },
    peek: (workspace) => layers.get(workspace),
    reload: read,
    problems: () => problems,
  };
};
