import { parseSemanticLayer, type SemanticProblem } from '@sophia/core';
import { SophiaError } from '@sophia/shared';
import type { RecordTypeDefinition, SemanticLayer, WorkspaceId } from '@sophia/types';

export interface ModelFile {
  readonly path: string;
  readonly text: string;
}

export interface SemanticLayerSources {
  /** The workspace's model files, whole. */
  readModels(workspace: WorkspaceId): Promise<readonly ModelFile[]>;
  /** Built-in record types and the workspace's own. */
  readRecordTypes(workspace: WorkspaceId): Promise<readonly RecordTypeDefinition[]>;
}

/** The semantic layer of each workspace, read when it is first asked for and when its files or types change. */
export interface SemanticLayers {
  /** Errors: `models_unavailable` where there was never a valid one. */
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
      throw new SophiaError('models_unavailable', found.map(describeProblem).join('\n'), { details: { problems: found } });
    },
    peek: (workspace) => layers.get(workspace),
    reload: read,
    problems: () => problems,
  };
};

const describeProblem = ({ path, line, message }: SemanticProblem): string => `${path}:${line}: ${message}`;
