import { join } from 'node:path';
import { SophiaError } from '../errors.ts';
import { isTimeZone } from '../time.ts';
import type { Configuration, DatabaseConfiguration } from './configuration.ts';
import type { SettingValues } from './settings.ts';

/** Settings that hold together: the unions of the ports, derived defaults, and what one setting asks of another. */
export function assemble(values: SettingValues): Configuration {
  const database = assembleDatabase(values);
  return {
    dataDirectory: values.dataDirectory,
    workspace: values.workspace,
    sample: values.sample,
    shutdownMilliseconds: values.shutdown,
    http: {
      host: values.host,
      port: values.port,
      corsOrigins: values.corsOrigins,
      trustedProxies: values.trustedProxies,
      limits: {
        bodyBytes: values.bodyBytes,
        importBytes: values.importBytes,
        requestMilliseconds: values.requestTime,
        concurrency: values.concurrency,
        eventLoopDelay: values.eventLoopDelay,
      },
    },
    database,
    eventLog: { kind: values.eventLogKind, retentionDays: values.eventLogRetention },
    cache: { kind: values.cacheKind, maximumBytes: values.cacheBytes },
    pubSub: { kind: values.pubSubKind !== 'automatic' ? values.pubSubKind : database.kind === 'embedded' ? 'memory' : 'postgres' },
    warehouse: {
      kind: values.warehouseKind,
      directory: join(values.dataDirectory, 'warehouse'),
      memoryBytes: values.warehouseMemory,
      threads: values.warehouseThreads,
    },
    log: { level: values.logLevel },
    tracing: { endpoint: values.tracingEndpoint, sampleRatio: values.tracingRatio },
    slowQueryMilliseconds: values.slowQuery,
    auth: { issuers: values.issuers },
    rateLimit: { requestsPerSecond: values.rateLimit, burst: values.rateBurst ?? 2 * values.rateLimit },
    audit: { retentionDays: values.auditRetention, bufferEntries: values.auditBuffer },
    imports: { connections: values.importConnections, perPrincipal: values.importsPerPrincipal },
    reporting: { timeZone: checkTimeZone(values.timeZone), weekStart: values.weekStart },
  };
}

function assembleDatabase(values: SettingValues): DatabaseConfiguration {
  const embedded = values.databaseKind === 'embedded';
  const minimum = values.databaseMinimum ?? Math.min(embedded ? 4 : 20, values.databaseMaximum ?? Number.POSITIVE_INFINITY);
  const maximum = values.databaseMaximum ?? Math.max(embedded ? 20 : 100, minimum);
  if (minimum > maximum) {
    throw invalid(
      `SOPHIA_DATABASE_MINIMUM_CONNECTIONS is ${minimum}; allowed is at most SOPHIA_DATABASE_MAXIMUM_CONNECTIONS, which is ${maximum}.`,
    );
  }
  const connections = { minimum, maximum };
  if (embedded) return { kind: 'embedded', directory: join(values.dataDirectory, 'postgres'), connections };
  if (values.databaseUrl === null) {
    throw invalid('SOPHIA_DATABASE_URL is not set; SOPHIA_DATABASE=postgres needs a URL that begins with postgres:// or postgresql://.');
  }
  return { kind: 'postgres', url: values.databaseUrl, replicas: values.databaseReplicas, connections };
}

function checkTimeZone(timeZone: string): string {
  if (isTimeZone(timeZone)) return timeZone;
  throw invalid(`SOPHIA_TIME_ZONE is "${timeZone}"; allowed is a time zone of the IANA database, such as Europe/Berlin.`);
}

const invalid = (message: string) => new SophiaError('invalid_configuration', message);
