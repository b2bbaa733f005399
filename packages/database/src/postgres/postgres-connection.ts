import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import type { Statement } from '../database.ts';
import { cancelBackend } from './cancel-backend.ts';
import { clientConfig, REMAINING_SETTINGS } from './client-config.ts';
import type { PostgresConnection } from './connection-settings.ts';
import { PassingStatements } from './passing-statements.ts';
import { type BatchOutcome, type BatchStep, PipelinedBatch, type PreparedStatements } from './pipelined-batch.ts';

export interface OpenOptions {
  readonly applicationName: string;
  /** Milliseconds; the server's own limit behind the callers' deadlines. */
  readonly statementTimeout: number;
  /** Milliseconds that a transaction may stand idle. */
  readonly idleInTransactionTimeout: number;
}

/**
 * One connection to one server. It runs one batch at a time; the caller waits for the outcome before
 * the next. When it is lost, the batch in hand ends with the error and `closed` settles.
 */
export interface ServerConnection {
  /** Names this run of this server: another value means that it restarted, recovered or was promoted meanwhile. */
  readonly incarnation: string;
  readonly closed: Promise<void>;
  readonly isClosed: boolean;
  /** False while a transaction is open on it, and once it is closed. */
  readonly isIdle: boolean;
  /** Statements run so far. */
  readonly statements: number;
  run(steps: readonly BatchStep[]): Promise<BatchOutcome>;
  /** A stream into `copy ... from stdin`; the connection is free again when it has finished or failed. */
  copyFrom(text: string): NodeJS.WritableStream & { readonly rowCount: number; destroy(error?: Error): unknown };
  onNotification(receive: (channel: string, payload: string) => void): void;
  /** Says goodbye. */
  end(): Promise<void>;
  /** Cancels what it runs and drops it at once. */
  abandon(): void;
  /** Drops it at once; what it runs goes on. */
  drop(): void;
}

/** Opens a connection with the session settings that the port promises, and its time-outs. An abort gives it up. */
export async function openConnection(
  settings: PostgresConnection,
  options: OpenOptions,
  connectTimeout = CONNECT_TIMEOUT,
  signal?: AbortSignal,
): Promise<ServerConnection> {
  const client = new pg.Client({
    ...clientConfig(settings, options.applicationName),
    connectionTimeoutMillis: connectTimeout,
    statement_timeout: options.statementTimeout,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeout,
  });
  const prepared: PreparedStatements = { known: new Map(), doubtful: new Set(), passing: new PassingStatements() };
  let statements = 0;
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    client.on('end', () => {
      isClosed = true;
      resolve();
    });
  });
  // The batch in hand and `closed` tell of a loss; without a listener the process would end.
  client.on('error', () => {
    isClosed = true;
  });
  const drop = () => {
    isClosed = true;
    client.connection.stream.destroy();
  };
  const run = (steps: readonly BatchStep[]) =>
    new Promise<BatchOutcome>((resolve) => {
      statements += steps.length;
      const settle = (outcome: BatchOutcome) => {
        // An error comes before the server is ready again.
        if (outcome.error === undefined || isClosed) resolve(outcome);
        else whenReady(client, () => resolve(outcome));
      };
      client.query(new PipelinedBatch(steps, prepared, settle));
    });
  const begin = async () => {
    await client.connect();
    const first = await run([IDENTITY, REMAINING_SETTINGS].map((statement) => ({ statement, values: [] })));
    if (first.error !== undefined) {
      drop();
      throw first.error;
    }
    return first.results[0]?.rows[0] as { readonly incarnation: string };
  };
  signal?.addEventListener('abort', drop, { once: true });
  const { incarnation } = await begin().finally(() => signal?.removeEventListener('abort', drop));

  return {
    incarnation,
    closed,
    get isClosed() {
      return isClosed;
    },
    get isIdle() {
      return !isClosed && client.getTransactionStatus() === 'I';
    },
    get statements() {
      return statements;
    },
    run,
    copyFrom: (text) => client.query(copyStreams.from(text, { highWaterMark: COPY_BUFFER })),
    onNotification(receive) {
      client.on('notification', ({ channel, payload }) => receive(channel, payload ?? ''));
    },
    async end() {
      isClosed = true;
      // A server that does not answer is not waited for.
      const patience = setTimeout(drop, GOODBYE);
      await client.end();
      clearTimeout(patience);
    },
    abandon() {
      drop();
      cancelBackend(settings, client);
    },
    drop,
  };
}

/** Milliseconds to connect and authenticate, unless told. */
const CONNECT_TIMEOUT = 5_000;
/** Milliseconds for the server to take its leave. */
const GOODBYE = 2_000;
const COPY_BUFFER = 256 * 1024;

// After a crash the server's statistics start anew, also when its first process survived. Fails where the session's settings did not arrive.
const IDENTITY: Statement = {
  name: 'sophia_identity',
  text: `select concat_ws(' ', pg_postmaster_start_time(), (select stats_reset from pg_stat_wal),
      case when pg_is_in_recovery() then 'standby' else left(pg_walfile_name(pg_current_wal_lsn()), 8) end) as incarnation,
      current_setting('sophia.session')`,
};

/** Calls back once the client has no statement under way, or is gone. */
function whenReady(client: pg.Client, callBack: () => void): void {
  const ready = () => {
    client.off('drain', ready);
    client.off('end', ready);
    callBack();
  };
  client.on('drain', ready);
  client.on('end', ready);
}
