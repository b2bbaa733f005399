import type { EventLog } from '@sophia/event-log';
import { createPostgresEventLog } from '@sophia/event-log/postgres';
import type { Observability } from '@sophia/observability';
import type { Configuration, Lifecycle, SophiaError } from '@sophia/shared';
import { openWarehouse } from './adapters.ts';
import type { Databases } from './start-databases.ts';
import { traceEventLog } from './tracing/traced-event-log.ts';
import { traceWarehouse } from './tracing/traced-warehouse.ts';
import { openOwnWarehouse, type WarehouseInstance } from './warehouse-instance.ts';

export interface LogAndWarehouseOptions {
  readonly configuration: Configuration;
  readonly observability: Observability;
  readonly lifecycle: Lifecycle;
  readonly databases: Pick<Databases, 'app' | 'log'>;
}

export interface LogAndWarehouse extends Omit<WarehouseInstance, 'close'> {
  readonly eventLog: EventLog;
  /** Resolves when the database is no longer the one that was read. */
  readonly wentBack: Promise<SophiaError>;
}

/** Starts the log and opens its warehouse at once; what the warehouse holds is used when the log knows it. Errors: `log_went_back`. */
export const startLogAndWarehouse = async (options: LogAndWarehouseOptions): Promise<LogAndWarehouse> => {
  const { configuration, observability, lifecycle, databases } = options;
  const { logger, tracer } = observability;
  const { promise: wentBack, resolve: onWentBack } = Promise.withResolvers<SophiaError>();
  const startLog = lifecycle.start('event log', async () => {
    const { retentionDays } = configuration.eventLog;
    return traceEventLog(await createPostgresEventLog({ ...databases, logger, retentionDays, onWentBack }), tracer);
  });
  const [eventLog, { warehouse, instance }] = await Promise.all([
    startLog,
    lifecycle.start('warehouse', () => {
      const open = async () => traceWarehouse(await openWarehouse(configuration, logger, lifecycle.signal), tracer);
      return openOwnWarehouse(configuration, { open, eventLog: startLog, logger });
    }),
  ]);
  return { eventLog, warehouse, instance, wentBack };
};
