import { definitionsIn, parseSemanticLayer, type SemanticFile, semanticLayerError } from '@sophia/core';
import type { Logger } from '@sophia/observability';
import type { RecordTypeDefinition, SemanticLayer, SemanticProblem, WorkspaceId } from '@sophia/types';

export interface SemanticLayerSources {
  /** The workspace's model files, whole. */
  readModels(workspace: WorkspaceId): Promise<readonly SemanticFile[]>;
  /** Built-in record types and the workspace's own. */
  readRecordTypes(workspace: WorkspaceId): Promise<readonly RecordTypeDefinition[]>;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

/**
 * The semantic layer of each workspace, read when it is first asked for and when its files or types change. What does not
 * fit the record types as they are is left out of it; files that bring a new problem are not taken while others are in force.
 */
export interface SemanticLayers {
  /** Errors: `semantic_model_invalid` where no files were ever taken, and those of reading files and types. */
  layer(workspace: WorkspaceId): Promise<SemanticLayer>;
  /** The layer if it was read before and is not outdated. */
  peek(workspace: WorkspaceId): SemanticLayer | undefined;
  /** The record types changed: the layer is read anew before it is given again, as often as that takes. */
  outdate(workspace: WorkspaceId): void;
  /** Reads the files anew. Resolves to their problems. */
  reload(workspace: WorkspaceId): Promise<readonly SemanticProblem[]>;
  /** Problems of the files as last read; where that failed, why. */
  problems(): ReadonlyMap<WorkspaceId, readonly SemanticProblem[]>;
}

interface InForce {
  readonly files: readonly SemanticFile[];
  readonly layer: SemanticLayer | null;
}

export const createSemanticLayers = ({ readModels, readRecordTypes, logger }: SemanticLayerSources): SemanticLayers => {
  const layers = new Map<WorkspaceId, InForce>();
  const problems = new Map<WorkspaceId, readonly SemanticProblem[]>();
  /** Readings under way: one that began before the workspace was outdated is not among them. */
  const reading = new Map<WorkspaceId, Promise<readonly SemanticProblem[]>>();
  const outdated = new Set<WorkspaceId>();

  const read = (workspace: WorkspaceId): Promise<readonly SemanticProblem[]> => {
    const isLatest = (): boolean => reading.get(workspace) === underWay;
    const underWay: Promise<readonly SemanticProblem[]> = Promise.all([readModels(workspace), readRecordTypes(workspace)])
      .then(([files, recordTypes]) => {
        const { inForce, problems: found } = judge(files, layers.get(workspace), recordTypes);
        if (!isLatest()) return found;
        layers.set(workspace, inForce);
        problems.set(workspace, found);
        outdated.delete(workspace);
        return found;
      })
      .catch((error: unknown) => {
        if (isLatest()) problems.set(workspace, [unreadable(error)]);
        throw error;
      })
      .finally(() => {
        if (isLatest()) reading.delete(workspace);
      });
    reading.set(workspace, underWay);
    return underWay;
  };

  /** The same, and a line in the log where the problems are others than before: whoever reloads tells them itself. */
  const readAndTell = async (workspace: WorkspaceId): Promise<readonly SemanticProblem[]> => {
    const before = problems.get(workspace) ?? [];
    const found = await read(workspace);
    if (problems.get(workspace) !== found || JSON.stringify(found) === JSON.stringify(before)) return found;
    if (found.length === 0) logger.info({ workspace }, 'the semantic models fit the record types again');
    else logger.error({ workspace, problems: found }, 'semantic models have problems; questions for what does not fit are refused');
    return found;
  };

  /** Those that began meanwhile are waited for: until they end, what is in force is of before all. */
  const reload = async (workspace: WorkspaceId): Promise<readonly SemanticProblem[]> => {
    let found = await read(workspace);
    for (let later = reading.get(workspace); later !== undefined; later = reading.get(workspace)) found = await later;
    return found;
  };

  const peek = (workspace: WorkspaceId): SemanticLayer | undefined =>
    outdated.has(workspace) ? undefined : (layers.get(workspace)?.layer ?? undefined);

  const layer = async (workspace: WorkspaceId): Promise<SemanticLayer> => {
    const known = peek(workspace);
    if (known !== undefined) return known;
    const found = await (reading.get(workspace) ?? readAndTell(workspace));
    // Outdated, or read again, meanwhile: what was found is of before.
    if (outdated.has(workspace) || reading.has(workspace)) return layer(workspace);
    const valid = peek(workspace);
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
    reload,
    problems: () => problems,
  };
};

/** Nobody who asks for the status should think that the models are those of the files. */
const unreadable = (error: unknown): SemanticProblem => ({
  path: 'models',
  line: 1,
  column: 1,
  message: `the models could not be read, so none of their changes are taken: ${String(error)}`,
});

/** Which files are in force from now on, those that were read or those before, and what the record types make of them. */
const judge = (
  files: readonly SemanticFile[],
  before: InForce | undefined,
  recordTypes: readonly RecordTypeDefinition[],
): { readonly inForce: InForce; readonly problems: readonly SemanticProblem[] } => {
  const { layer, problems: found } = parseSemanticLayer(files, recordTypes);
  const problems = [...found, ...emptied(files, before?.files ?? [])];
  const read = { inForce: { files, layer }, problems };
  if (problems.length === 0 || before === undefined || before.layer === null) return read;
  // What the types changed is wrong in the files before, too; anything else is a mistake that is being made.
  const known = parseSemanticLayer(before.files, recordTypes);
  const isTaken = layer !== null && problems.every((problem) => known.problems.some((each) => isSame(problem, each)));
  return isTaken ? read : { inForce: { files: before.files, layer: known.layer }, problems };
};

/** A file that is written anew defines nothing at first: whoever means its definitions to go removes the file, or the key that they stand under. */
const emptied = (files: readonly SemanticFile[], before: readonly SemanticFile[]): readonly SemanticProblem[] =>
  files.flatMap((file) => {
    const known = before.find(({ path }) => path === file.path);
    if (known === undefined || file.unreadable !== undefined || file.text === known.text) return [];
    const [had, has] = [definitionsIn(known.text), definitionsIn(file.text)];
    // What is no YAML is a problem by itself.
    if (had === undefined || has === undefined) return [];
    const problem = (message: string): SemanticProblem => ({ path: file.path, line: 1, column: 1, message });
    if (countOf(had) > 0 && countOf(has) === 0)
      return [problem('the file defines nothing, and had definitions before: remove it if they are to go')];
    const blank = [...had].filter(([key, count]) => count > 0 && has.get(key) === 0);
    return blank.map(([key]) => problem(`${key} defines nothing, and had definitions before: remove it if they are to go`));
  });

const countOf = (definitions: ReadonlyMap<string, number>): number => [...definitions.values()].reduce((sum, count) => sum + count, 0);

/** Lines move. */
const isSame = (a: SemanticProblem, b: SemanticProblem): boolean => a.path === b.path && a.message === b.message;
