import type { WorkspaceCalendar } from '@sophia/analytics';
import type { Auth, Workspace } from '@sophia/auth';
import type { Logger } from '@sophia/observability';
import type { Configuration } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';

/** Names and calendars of all workspaces, kept in memory for work that cannot wait. */
export interface WorkspaceDirectory {
  ids(): readonly WorkspaceId[];
  name(id: WorkspaceId): string;
  calendar(id: WorkspaceId): WorkspaceCalendar;
  /** Reads them again, beginning after this call; calls back with those whose calendar is another now. */
  refresh(): Promise<void>;
  onChanged(callback: (id: WorkspaceId) => void): void;
  close(): Promise<void>;
}

const EVERY_MS = 2_000;

export interface FollowWorkspacesOptions {
  readonly workspaces: Pick<Auth['workspaces'], 'all' | 'follow'>;
  readonly reporting: Configuration['reporting'];
  readonly logger: Logger;
}

export const followWorkspaces = async ({ workspaces, reporting, logger }: FollowWorkspacesOptions): Promise<WorkspaceDirectory> => {
  const known = new Map<WorkspaceId, Workspace>();
  const callbacks: ((id: WorkspaceId) => void)[] = [];

  const read = async (): Promise<void> => {
    for (const workspace of await workspaces.all()) {
      const before = known.get(workspace.id);
      known.set(workspace.id, workspace);
      if (before !== undefined && JSON.stringify(before.settings) !== JSON.stringify(workspace.settings)) {
        for (const callback of callbacks) callback(workspace.id);
      }
    }
  };

  // One after the other: what was read earlier must not be written over what was read later.
  let reading: Promise<void> = Promise.resolve();
  let waiting = 0;
  const refresh = (): Promise<void> => {
    waiting += 1;
    const begun = reading.then(read);
    const ended = (): void => {
      waiting -= 1;
    };
    reading = begun.then(ended, ended);
    return begun;
  };

  const tryRefresh = (): Promise<void> =>
    refresh().catch((error: unknown) => logger.warn({ err: error }, 'the workspaces could not be read; they are as they were'));

  await refresh();
  workspaces.follow(tryRefresh);
  // What another process changes is noticed within seconds, though the bus did not tell of it.
  const timer = setInterval(() => {
    if (waiting === 0) void tryRefresh();
  }, EVERY_MS);
  timer.unref();

  return {
    refresh,
    ids: () => [...known.keys()],
    name: (id) => known.get(id)?.name ?? String(id),
    calendar(id) {
      const { reporting_date, time_zone, week_start } = known.get(id)?.settings ?? {};
      return { reportingDate: reporting_date, timeZone: time_zone ?? reporting.timeZone, weekStart: week_start ?? reporting.weekStart };
    },
    onChanged: (callback) => void callbacks.push(callback),
    async close() {
      clearInterval(timer);
      await reading;
    },
  };
};
