import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createTestDatabase, type TestCluster, type TestDatabase } from '@sophia/database/testing';
import { createTestObservability } from '@sophia/observability/testing';
import type { EventLog } from '../event-log.ts';
import { createPostgresEventLog, EVENT_LOG_MIGRATIONS, type PostgresEventLog } from '../postgres/index.ts';
import { type EventLogHarness, KEYS, type OtherProcess } from './event-log-harness.ts';
import { type MemberInstructions, TICKER } from './member-instructions.ts';

export interface PostgresHarness extends EventLogHarness {
  readonly eventLog: PostgresEventLog;
  readonly testDatabase: TestDatabase;
  secondInstance(): Promise<PostgresEventLog>;
  /** What the log's own logger was told so far. */
  lines(): Readonly<Record<string, unknown>>[];
}

/** A log in a database of its own; of another cluster than the test run's, where told. */
export async function createPostgresHarness(connections?: TestCluster['connections']): Promise<PostgresHarness> {
  const testDatabase = await createTestDatabase({ modules: [EVENT_LOG_MIGRATIONS], connections });
  const { logger, lines } = createTestObservability();
  const owner = await testDatabase.open('owner');
  for (const [index, text] of TABLES.entries()) {
    await owner.write([], (transaction) => owner.query(transaction, { name: `test_table_${index}`, text }));
  }
  const database = await testDatabase.open('app', { pool: { minimum: 1, maximum: 20 } });
  const deliveries = await testDatabase.open('log', { pool: { minimum: 1, maximum: 10 } });
  const opened: EventLog[] = [];
  const processes: OtherProcess[] = [];

  const open = async () => {
    const log = opened.length === 0 ? deliveries : await testDatabase.open('log');
    const eventLog = await createPostgresEventLog({ app: database, log, logger, ticker: TICKER });
    opened.push(eventLog);
    return eventLog;
  };
  const eventLog = await open();
  const others: PostgresHarness[] = [];

  return {
    eventLog,
    database,
    deliveries,
    testDatabase,
    lines,
    secondInstance: open,
    async otherLog() {
      const other = await createPostgresHarness(connections);
      others.push(other);
      return other.eventLog;
    },
    async startMember(group) {
      const started = await startProcess({ app: testDatabase.connection('app'), log: testDatabase.connection('log'), group });
      processes.push(started);
      return started;
    },
    async cutConnections() {
      await owner.write([], (transaction) => owner.query(transaction, CUT));
    },
    async close() {
      for (const running of processes) {
        running.signal('SIGKILL');
        await running.exited;
      }
      for (const log of opened) await log.close();
      for (const other of others) await other.close();
      await testDatabase.close();
    },
  };
}

async function startProcess(instructions: MemberInstructions): Promise<OtherProcess> {
  const child = fork(new URL('./member-process.ts', import.meta.url), { execArgv: ['--disable-warning=ExperimentalWarning'] });
  const exited = once(child, 'exit').then(() => undefined);
  child.send(instructions);
  await Promise.race([
    once(child, 'message'),
    exited.then(() => {
      throw new Error(`The other process ended early with ${child.exitCode ?? child.signalCode}.`);
    }),
  ]);
  return { signal: (name) => child.kill(name), exited };
}

const TABLES = [
  'create table test_record (key int primary key, version int not null)',
  `insert into test_record select key, 0 from generate_series(0, ${KEYS - 1}) as key`,
  `create table test_effect (
    number bigint generated always as identity, group_name text, position text, key int, version int, process int
  )`,
  'create table test_cursor (position text)',
  'grant select, update on test_record to sophia_app',
  'grant select, insert, update, delete on test_cursor, test_effect to sophia_app',
  'grant select, insert on test_effect to sophia_log',
];
const CUT = {
  name: 'test_cut',
  text: `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'sophia_log'`,
};
