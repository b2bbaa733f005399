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
  /** Errors: `semantic_model_invalid` where there was never a valid one, and those of reading files and types. */
  layer(workspace: WorkspaceId): Promise<SemanticLayer>;
  /** The layer if it was read before and is not outdated. */
  peek(workspace: WorkspaceId): SemanticLayer | undefined;
  /** The record types changed: the layer is read anew before it is given again, as often as that takes. */
  outdate(workspace: WorkspaceId): void;
  /** Reads the files anew; a layer that was valid stays in force while they have problems. Resolves to those problems. */
  reload(workspace: WorkspaceId): Promise<readonly SemanticProblem[]>;
  /** Problems of the files as last read. */
  problems(): ReadonlyMap<WorkspaceId, readonly SemanticProblem[]>;
}

export const createSemanticLayers = ({ readModels, readRecordTypes }: SemanticLayerSources): SemanticLayers => {
  const layers = new Map<WorkspaceId, SemanticLayer>();
  const problems = new Map<WorkspaceId, readonly SemanticProblem[]>();
  /** Readings under way: one that began before the workspace was outdated is not among them. */
  const reading = new Map<WorkspaceId, Promise<readonly SemanticProblem[]>>();
  const outdated = new Set<WorkspaceId>();

  const read = (workspace: WorkspaceId): Promise<readonly SemanticProblem[]> => {
    const isLatest = (): boolean => reading.get(workspace) === underWay;
    const underWay: Promise<readonly SemanticProblem[]> = Promise.all([readModels(workspace), readRecordTypes(workspace)])
      .then(([files, recordTypes]) => {
        const parsed = parseSemanticLayer(files, recordTypes);
        if (!isLatest()) return parsed.problems;
        if (parsed.layer !== null) layers.set(workspace, parsed.layer);
        problems.set(workspace, parsed.problems);
        outdated.delete(workspace);
        return parsed.problems;
      })
      .finally(() => {
        if (isLatest()) reading.delete(workspace);
      });
    reading.set(workspace, underWay);
    return underWay;
  };

  const peek = (workspace: WorkspaceId): SemanticLayer | undefined => (outdated.has(workspace) ? undefined : layers.get(workspace));

  const layer = async (workspace: WorkspaceId): Promise<SemanticLayer> => {
    const known = peek(workspace);
    if (known !== undefined) return known;
    const found = await (reading.get(workspace) ?? read(workspace));
    // Outdated, or read again, meanwhile: what was found is of before.
    if (outdated.has(workspace) || reading.has(workspace)) return layer(workspace);
    const valid = layers.get(workspace);
    if (valid !== undefined) return valid;
    throw semanticLayerError(found);
  };

  return {
    layer,
    peek,
    outdate(workspace) {
      outdated.add(workspace);
      reading.delete(workspace);
    },
    reload: read,
    problems: () => problems,
  };
};
