import type { Database } from '@sophia/database';
import { type Clock, isCalendarDay, isTimeZone, SophiaError } from '@sophia/shared';
import { type Call, limitsOf, type Transaction, type WorkspaceId } from '@sophia/types';
import type { Audit } from '../audit/audit.ts';
import { createKnownWorkspaces } from './known-workspaces.ts';
import type { Workspace, WorkspaceSettings } from './workspace.ts';
import { CHANGE_SETTINGS, INSERT_WORKSPACE, type WorkspaceRow } from './workspace-statements.ts';

export interface Workspaces {
  /** The workspace of this name, made if it is not there: for the start and the command line of whoever owns the data folder. */
  ensure(name: string): Promise<Workspace>;
  /** The same where it is made by this call alone; undefined where it is there, also where another process made it at the same moment. */
  make(name: string): Promise<Workspace | undefined>;
  /** Undefined where there is none. Remembered for a short time. */
  find(name: string): Promise<Workspace | undefined>;
  /** All of them, for processes that work for every workspace. */
  all(): Promise<readonly Workspace[]>;
  /** What the principal may use: its own, or all of them for administrators of the installation. */
  list(call: Call): Promise<readonly Workspace[]>;
  /** Errors: `forbidden` but for administrators of the installation, `workspace_exists`, `invalid_workspace`. */
  create(call: Call, name: string, settings?: WorkspaceSettings): Promise<Workspace>;
  /** Replaces the settings of the caller's workspace. Errors: `forbidden`, `invalid_workspace`. */
  configure(call: Call, settings: WorkspaceSettings): Promise<Workspace>;
  /** Asks the database again about this workspace, and so do those who follow. */
  forget(id: WorkspaceId): Promise<void>;
  /**
   * Called with each workspace that was made or changed, here or in a process that told of it. `create`, `configure` and
   * `forget` wait for it, so that nobody who has their answer meets what was before; it must not fail.
   */
  follow(callback: (id: WorkspaceId) => Promise<void>): void;
}

export interface WorkspacesOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly requireAdministrator: (call: Call, action: string, object: string) => Promise<void>;
  readonly requireInstallationAdministrator: (call: Call, action: string, object: string) => Promise<void>;
  readonly isInstallationAdministrator: (call: Call) => boolean;
  /** Tells other processes. */
  readonly onChanged: (id: WorkspaceId) => void;
}

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const { database, clock, audit, requireAdministrator, requireInstallationAdministrator, isInstallationAdministrator, onChanged } =
    options;
  const known = createKnownWorkspaces(database, clock);
  const { find, all } = known;
  const followers: ((id: WorkspaceId) => Promise<void>)[] = [];

  const tellFollowers = async (id: WorkspaceId): Promise<void> => {
    await Promise.all(followers.map((callback) => callback(id)));
  };
  const announce = async (row: WorkspaceRow): Promise<Workspace> => {
    const workspace = known.remember(row);
    onChanged(workspace.id);
    await tellFollowers(workspace.id);
    return workspace;
  };
  /** Undefined where the name is taken. */
  const insert = async (transaction: Transaction, name: string, settings: WorkspaceSettings): Promise<WorkspaceRow | undefined> => {
    if (!NAME.test(name)) throw new SophiaError('invalid_workspace', `"${name}" is no name for a workspace.`, { details: { name } });
    const rows = await database.query<WorkspaceRow>(transaction, INSERT_WORKSPACE, [name, JSON.stringify(settings)]);
    return rows[0];
  };
  const make = async (name: string): Promise<Workspace | undefined> => {
    const { value } = await database.write([], (transaction) => insert(transaction, name, {}));
    return value === undefined ? undefined : known.remember(value);
  };

  return {
    find,
    all: () => all(),
    async ensure(name) {
      const before = await find(name);
      if (before !== undefined) return before;
      // Another process may have made it at the same moment.
      return (await make(name)) ?? ((await find(name)) as Workspace);
    },
    make,
    async list(call) {
      const begun = clock.monotonic();
      const own = isInstallationAdministrator(call) ? await all(limitsOf(call)) : [await find(call.principal.workspaceName)];
      const found = own.filter((workspace) => workspace !== undefined);
      await audit.read({
        call,
        action: 'workspace.list',
        object: 'workspaces',
        rows: found.length,
        milliseconds: clock.monotonic() - begun,
      });
      return found;
    },
    async create(call, name, settings = {}) {
      const begun = clock.monotonic();
      const object = `workspace:${name}`;
      await requireInstallationAdministrator(call, 'workspace.create', object);
      checkSettings(settings);
      const make = async (transaction: Transaction): Promise<WorkspaceRow> => {
        const row = await insert(transaction, name, settings);
        if (row === undefined) throw new SophiaError('workspace_exists', `There is a workspace ${name} already.`, { details: { name } });
        await audit.record(transaction, [{ call, action: 'workspace.create', object, milliseconds: clock.monotonic() - begun }]);
        return row;
      };
      const { value } = await database.write([call.principal.workspace], make, limitsOf(call));
      return announce(value);
    },
    async configure(call, settings) {
      const begun = clock.monotonic();
      const { workspace: id, workspaceName: name } = call.principal;
      await requireAdministrator(call, 'workspace.configure', `workspace:${name}`);
      checkSettings(settings);
      const change = async (transaction: Transaction): Promise<WorkspaceRow[]> => {
        const rows = await database.query<WorkspaceRow>(transaction, CHANGE_SETTINGS, [id, JSON.stringify(settings)]);
        const milliseconds = clock.monotonic() - begun;
        await audit.record(transaction, [
          { call, action: 'workspace.configure', object: `workspace:${name}`, milliseconds, details: { ...definedOnly(settings) } },
        ]);
        return rows;
      };
      const { value } = await database.write([id], change, limitsOf(call));
      // The workspace of a principal is never removed.
      return announce(value[0] as WorkspaceRow);
    },
    forget(id) {
      known.forget(id);
      return tellFollowers(id);
    },
    follow: (callback) => void followers.push(callback),
  };
}

function checkSettings({ reporting_date: day, time_zone: zone, week_start: weekStart }: WorkspaceSettings): void {
  const fail = (name: string, found: string, allowed: string) => {
    throw new SophiaError('invalid_workspace', `${name} is "${found}"; allowed is ${allowed}.`, { details: { setting: name } });
  };
  if (day !== undefined && !isCalendarDay(day)) fail('reporting_date', day, 'a day such as 2017-12-31');
  if (zone !== undefined && !isTimeZone(zone)) fail('time_zone', zone, 'a time zone of the IANA database, such as Europe/Berlin');
  if (weekStart !== undefined && weekStart !== 'monday' && weekStart !== 'sunday') fail('week_start', weekStart, 'monday or sunday');
}

const definedOnly = (settings: WorkspaceSettings): Record<string, string> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
