import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type Analytics, createAnalytics } from '@sophia/analytics';
import { type Auth, createAuth } from '@sophia/auth';
import {
  type Catalog,
  createCatalog,
  createDirectory,
  createRecordTypeBook,
  readInterruptedSources,
  readSourceActivity,
} from '@sophia/catalog';
import type { PostgresConnection } from '@sophia/database/postgres';
import type { EventLog } from '@sophia/event-log';
import type { Observability } from '@sophia/observability';
import {
  type Configuration,
  closingOnFailure,
  createIdGenerator,
  createLifecycle,
  isSophiaError,
  type Lifecycle,
  type SophiaError,
  systemClock,
} from '@sophia/shared';
import { isEnvironmentalWarehouseError, type Warehouse } from '@sophia/warehouse';
import { openPubSub } from './adapters.ts';
import { openBackup } from './backup/open-backup.ts';
import { closeDeadlineOf } from './close-deadline.ts';
import { forgetChanged } from './forget-changed.ts';
import { createHealth, type HealthReport } from './health.ts';
import { createModelFiles, modelsFolder } from './models-folder.ts';
import { observe } from './observe.ts';
import { startCaches } from './start-caches.ts';
import { startDatabases } from './start-databases.ts';
import { startLogAndWarehouse } from './start-log-and-warehouse.ts';
import { type UntilAppliedOptions, untilApplied } from './until-applied.ts';
import { watchModels } from './watch-models.ts';
import { followWorkspaces, type WorkspaceDirectory } from './workspace-directory.ts';

/** Everything that the interfaces stand on, started and wired. */
export interface Platform {
  readonly configuration: Configuration;
  readonly catalog: Catalog;
  readonly analytics: Analytics;
  readonly auth: Auth;
  readonly eventLog: EventLog;
  readonly warehouse: Warehouse;
  readonly observability: Observability;
  /** Each dependency and its state. */
  health(): Promise<HealthReport>;
  /** Waits until answers contain what is in the log now and are complete to a moment of the wait. Errors: `deadline_exceeded` where they stand still for `standstill` milliseconds. */
  caughtUp(waiting?: Pick<UntilAppliedOptions, 'standstill' | 'onLook'>): Promise<void>;
  /** Everything as one snapshot sees it, packed: what `restoreBackup` takes. */
  backup(): Readable;
  /** PostgreSQL as the owner of the tables: for upkeep. */
  readonly owner: PostgresConnection;
  readonly workspaces: WorkspaceDirectory;
  /**
   * Resolves when the database is no longer the one that was read (`log_went_back`): a replica was promoted that lacked a
   * part, or an older state was restored. Close the platform then and make it anew.
   */
  readonly wentBack: Promise<SophiaError>;
  close(): Promise<void>;
}

export interface PlatformOptions {
  readonly configuration: Configuration;
  readonly version: string;
  /** Where the semantic models, mappings and data that Sophia brings are; the repository's `samples` unless told. */
  readonly samples?: string | undefined;
  readonly observability?: Observability | undefined;
  /** What is waited for at the start, for people. */
  readonly say?: ((line: string) => void) | undefined;
}

const SHIPPED_SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url));

/** Starts the platform that the configuration describes; when a part fails to start, those before it are closed. */
export const createPlatform = async (options: PlatformOptions): Promise<Platform> => {
  const { configuration } = options;
  await mkdir(configuration.dataDirectory, { recursive: true, mode: 0o700 });
  const start = (overtaken?: unknown): Promise<Platform> => {
    const lifecycle = createLifecycle({ closeDeadline: closeDeadlineOf(configuration) });
    return closingOnFailure(lifecycle, () => startPlatform(options, lifecycle, overtaken));
  };
  try {
    return await start();
  } catch (error) {
    if (!isSophiaError(error, 'log_went_back')) throw error;
    return start(error.details.epoch);
  }
};

/** `overtaken` is the epoch in which the database was set back: positions and tokens of it are refused from then on. */
const startPlatform = async (options: PlatformOptions, lifecycle: Lifecycle, overtaken: unknown): Promise<Platform> => {
  const { configuration, version, samples = SHIPPED_SAMPLES, say = () => undefined } = options;
  const observability = options.observability ?? (await lifecycle.start('observability', () => observe(configuration, version)));
  const { logger } = observability;
  const clock = systemClock;

  const { owner, app, log } = await startDatabases({ configuration, observability, lifecycle, say, overtaken });
  const pubSub = await lifecycle.start('pub-sub', () => openPubSub(configuration, app, observability));
  const { eventLog, warehouse, instance, wentBack } = await startLogAndWarehouse({
    configuration,
    observability,
    lifecycle,
    databases: { app, log },
  });

  const recordTypes = createRecordTypeBook({ database: app, clock });
  const directory = createDirectory(app, recordTypes);
  const auth = await lifecycle.start('auth', () =>
    createAuth({
      database: app,
      clock,
      observability,
      configuration: { ...configuration.auth, ...configuration },
      pubSub,
      directory,
    }),
  );
  const workspaces = await lifecycle.start('workspaces', () => followWorkspaces({ ...auth, ...configuration, logger }));
  const caches = await startCaches(configuration, lifecycle);
  const models = createModelFiles((workspace) =>
    modelsFolder(configuration.dataDirectory, workspaces.name(workspace), join(samples, 'crm', 'models')),
  );
  const analytics = await lifecycle.start('analytics', () =>
    createAnalytics({
      eventLog,
      warehouse,
      instance,
      isEnvironmental: isEnvironmentalWarehouseError,
      ...caches,
      policies: auth.policies,
      audit: auth.audit,
      observability,
      clock,
      newQueryId: createIdGenerator({ clock }),
      workspaces: workspaces.ids,
      readModels: models.read,
      readRecordTypes: (workspace) => directory.recordTypes(workspace),
      calendar: (workspace) => workspaces.calendar(workspace),
      readSourceActivity: () => readSourceActivity(app, workspaces.ids()),
      readInterruptedSources: () => readInterruptedSources(app, workspaces.ids()),
      onApplied: (events) => forgetChanged({ policies: auth.policies, recordTypes }, events),
      warmAnswers: WARM_ANSWERS,
      closing: lifecycle.signal,
    }),
  );
  const catalog = await lifecycle.start('catalog', () =>
    createCatalog({
      database: app,
      eventLog,
      policy: auth.policies,
      authentication: auth.authentication,
      audit: auth.audit,
      clock,
      hasApplied: analytics.containsWrite,
      isAlone: configuration.database.kind === 'embedded',
      observability,
      recordTypes,
      connections: configuration.imports.connections,
      importsPerPrincipal: configuration.imports.perPrincipal,
    }),
  );
  workspaces.onChanged(analytics.forget);
  await lifecycle.start('models', () => watchModels({ models, workspaces, analytics, logger }));

  return {
    configuration,
    catalog,
    analytics,
    auth,
    eventLog,
    warehouse,
    observability,
    owner,
    workspaces,
    wentBack,
    async caughtUp(waiting) {
      // The newest tick may be of a process that ended long ago.
      const { tick } = await eventLog.head();
      eventLog.wake();
      await untilApplied({ ...waiting, last: tick + 1, applied: async () => (await analytics.status()).readPoint.tick });
    },
    backup: () => openBackup({ owner, version, modelsDirectory: join(configuration.dataDirectory, 'models') }),
    health: createHealth({ version, app, eventLog, analytics, isClosing: () => lifecycle.signal.aborted, logger, clock }),
    close: () => lifecycle.close(),
  };
};

const WARM_ANSWERS = 20;
