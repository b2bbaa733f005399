import type { WorkspaceCalendar } from '@sophia/analytics';
import type { Auth, Workspace } from '@sophia/auth';
import type { Configuration } from '@sophia/shared';
import type { WorkspaceId } from '@sophia/types';

/** Names and calendars of all workspaces, kept in memory for work that cannot wait. */
export interface WorkspaceDirectory {
  ids(): readonly WorkspaceId[];
  name(id: WorkspaceId): string;
  calendar(id: WorkspaceId): WorkspaceCalendar;
  /** Reads them again; calls back with those whose calendar is another now. */
  refresh(): Promise<void>;
  onChanged(callback: (id: WorkspaceId) => void): void;
  close(): void;
}

const EVERY_MS = 2_000;

export const followWorkspaces = async (auth: Auth, { reporting }: Configuration): Promise<WorkspaceDirectory> => {
  const known = new Map<WorkspaceId, Workspace>();
  const callbacks: ((id: WorkspaceId) => void)[] = [];

  const refresh = async (): Promise<void> => {
    for (const workspace of await auth.workspaces.all()) {
      const before = known.get(workspace.id);
      known.set(workspace.id, workspace);
      if (before !== undefined && JSON.stringify(before.settings) !== JSON.stringify(workspace.settings)) {
        for (const callback of callbacks) callback(workspace.id);
      }
    }
  };

  await refresh();
  // A workspace that another process makes or changes is noticed within seconds.
  const timer = setInterval(() => {
    refresh().catch(() => undefined);
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
    close: () => clearInterval(timer),
  };
};
