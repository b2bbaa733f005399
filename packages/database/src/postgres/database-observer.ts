import type { Histogram, Observability, SpanAttributes } from '@sophia/observability';
import type { CallLimits } from './call-limits.ts';
import type { ConnectionPool, Connections } from './connection-pool.ts';
import type { DatabaseRole } from './connection-settings.ts';
import type { ServerConnection } from './postgres-connection.ts';
import type { FailureKind } from './postgres-errors.ts';
import type { CommitState } from './settle-commit.ts';

/** What is seen of one role's use of the database. */
export interface DatabaseObserver {
  watchPool(pool: ConnectionPool): void;
  watchReplicas(lags: () => { readonly replica: string; readonly seconds: number }[]): void;
  /** Takes a connection, noting how long that took. */
  acquire(pool: Connections, limits: CallLimits): Promise<ServerConnection>;
  /** Statements that shared a round trip, and how long it took in milliseconds. */
  ran(texts: readonly string[], milliseconds: number): void;
  retried(kind: FailureKind): void;
  settled(state: CommitState['state']): void;
  /** A span around a call, where spans are made. */
  traced<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>;
  /** Gives what is to be called at its end. */
  writerBegan(): () => void;
}

/** Makes each role's observer; one for a process, since a metric is defined once. */
export type DatabaseObservers = (role: DatabaseRole) => DatabaseObserver;

/** Metrics, slow queries and spans of all roles. */
export function createDatabaseObservers({
  metrics,
  slowQueries,
  tracer,
}: Pick<Observability, 'metrics' | 'slowQueries' | 'tracer'>): DatabaseObservers {
  const pools = new Map<DatabaseRole, ConnectionPool>();
  const writers = new Map<DatabaseRole, Set<{ readonly since: number }>>();
  const replicas = new Map<DatabaseRole, () => { readonly replica: string; readonly seconds: number }[]>();
  const perRole = (name: string, help: string, read: (pool: ConnectionPool) => number) =>
    metrics.observedGauge({ name, help, labels: ['role'] }, () =>
      [...pools].map(([role, pool]) => ({ labels: { role }, value: read(pool) })),
    );

  perRole('sophia_database_connections', 'Open database connections.', ({ size }) => size);
  perRole('sophia_database_idle_connections', 'Open database connections that nobody uses.', ({ idle }) => idle);
  perRole('sophia_database_waiting_callers', 'Callers that wait for a database connection.', ({ waiting }) => waiting);
  metrics.observedGauge(
    {
      name: 'sophia_database_oldest_writer_seconds',
      help: 'Age of the oldest open writing transaction of this process.',
      labels: ['role'],
    },
    () => [...writers].map(([role, open]) => ({ labels: { role }, value: oldest(open) })),
  );
  metrics.observedGauge(
    { name: 'sophia_database_replica_lag_seconds', help: 'How old what a replica answers may be.', labels: ['replica'] },
    () => [...replicas.values()].flatMap((lags) => lags()).map(({ replica, seconds }) => ({ labels: { replica }, value: seconds })),
  );
  const waits = metrics.histogram({
    name: 'sophia_database_wait_seconds',
    help: 'Time until a caller had a database connection.',
    labels: ['role'],
  });
  const roundTrips = metrics.histogram({
    name: 'sophia_database_round_trip_seconds',
    help: 'Time of a round trip to the database.',
    labels: ['role'],
  });
  const retries = metrics.counter({
    name: 'sophia_database_retries_total',
    help: 'Transactions that were run again.',
    labels: ['role', 'reason'],
  });
  const settled = metrics.counter({
    name: 'sophia_database_settled_commits_total',
    help: 'Commits whose connection was lost, by what was found out about them.',
    labels: ['role', 'state'],
  });

  return (role) => {
    const open = new Set<{ readonly since: number }>();
    const roundTrip = roundTrips.with({ role });
    writers.set(role, open);
    return {
      watchPool: (pool) => pools.set(role, pool),
      watchReplicas: (lags) => replicas.set(role, lags),
      acquire: (pool, limits) => timed(waits.with({ role }), () => pool.acquire(limits.remaining(), limits.signal)),
      ran(texts, milliseconds) {
        roundTrip.observe(milliseconds / 1_000);
        if (milliseconds > slowQueries.threshold) slowQueries.observe('postgres', texts.join(';\n'), milliseconds);
      },
      retried: (kind) => retries.with({ role, reason: kind }).add(),
      settled: (state) => settled.with({ role, state }).add(),
      traced: (name, attributes, work) => (tracer.enabled ? tracer.span(name, { kind: 'client', attributes }, work) : work()),
      writerBegan() {
        const writer = { since: performance.now() };
        open.add(writer);
        return () => open.delete(writer);
      },
    };
  };
}

/** Nobody looks. */
export const UNOBSERVED: DatabaseObserver = {
  watchPool: ignore,
  watchReplicas: ignore,
  acquire: (pool, limits) => pool.acquire(limits.remaining(), limits.signal),
  ran: ignore,
  retried: ignore,
  settled: ignore,
  traced: (_name, _attributes, work) => work(),
  writerBegan: () => ignore,
};

function ignore(): void {
  // Nobody looks.
}

async function timed<T>(histogram: Histogram, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  try {
    return await work();
  } finally {
    histogram.observe((performance.now() - begun) / 1_000);
  }
}

// Insertion order is that of their beginnings.
function oldest(open: ReadonlySet<{ readonly since: number }>): number {
  const [first] = open;
  return first === undefined ? 0 : (performance.now() - first.since) / 1_000;
}
