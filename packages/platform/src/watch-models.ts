import type { Analytics } from '@sophia/analytics';
import type { Logger } from '@sophia/observability';
import { type Repeating, repeatEvery } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';
import type { ModelFiles } from './models-folder.ts';
import type { WorkspaceDirectory } from './workspace-directory.ts';

const EVERY_MS = 1_000;

/** Reads a workspace's semantic models again when their files change. */
export const watchModels = (options: {
  readonly models: Pick<ModelFiles, 'changed'>;
  readonly workspaces: Pick<WorkspaceDirectory, 'ids' | 'name'>;
  readonly analytics: Pick<Analytics, 'reloadModels'>;
  readonly logger: Logger;
}): Repeating => {
  const { models, workspaces, analytics, logger } = options;
  /** What is wrong with them was not found out: they are read again, although they do not change again. */
  const unread = new Set<WorkspaceId>();

  const readAgain = async (id: WorkspaceId): Promise<void> => {
    const problems = await analytics.reloadModels(id);
    unread.delete(id);
    const workspace = workspaces.name(id);
    if (problems.length === 0) logger.info({ workspace }, 'semantic models were read again');
    else logger.error({ workspace, problems }, 'semantic models have problems; files that bring new ones are not taken');
  };
  const failed = (error: unknown, workspace?: string): void =>
    logger.warn({ err: error, workspace }, 'semantic models could not be looked at');
  const look = async (): Promise<void> => {
    for await (const id of models.changed(workspaces.ids())) unread.add(id);
    // What cannot be read now is read at the next look, and keeps nobody else's from being read.
    for (const id of [...unread]) await readAgain(id).catch((error: unknown) => failed(error, workspaces.name(id)));
  };

  return repeatEvery(EVERY_MS, look, failed);
};
