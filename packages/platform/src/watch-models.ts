import type { Analytics } from '@sophia/analytics';
import type { Logger } from '@sophia/observability';
import type { WorkspaceId } from '@sophia/types';
import { modelsStamp } from './models-folder.ts';
import type { WorkspaceDirectory } from './workspace-directory.ts';

const EVERY_MS = 1_000;

/** Reads a workspace's semantic models again when their files change. */
export const watchModels = (options: {
  readonly folderOf: (workspace: WorkspaceId) => Promise<string>;
  readonly workspaces: WorkspaceDirectory;
  readonly analytics: Pick<Analytics, 'reloadModels'>;
  readonly logger: Logger;
}): { close(): Promise<void> } => {
  const { folderOf, workspaces, analytics, logger } = options;
  const stamps = new Map<WorkspaceId, string>();
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    for (const id of workspaces.ids()) {
      const folder = await folderOf(id);
      const stamp = `${folder}\n${await modelsStamp(folder)}`;
      const before = stamps.get(id);
      stamps.set(id, stamp);
      if (before === undefined || before === stamp) continue;
      const problems = await analytics.reloadModels(id);
      const workspace = workspaces.name(id);
      if (problems.length === 0) logger.info({ workspace, folder }, 'semantic models were read again');
      else logger.error({ workspace, folder, problems }, 'semantic models have problems; the ones before stay in force');
    }
  };

  const timer = setInterval(() => {
    looking ??= look()
      .catch((error: unknown) => logger.warn({ err: error }, 'the semantic models could not be looked at'))
      .finally(() => {
        looking = undefined;
      });
  }, EVERY_MS);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await looking;
    },
  };
};
