import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { startEmbeddedPostgres } from '@sophia/database/embedded';
import { migrate } from '@sophia/database/migrations';
import { createPostgresDatabase } from '@sophia/database/postgres';
import { createPostgresEventLog, EVENT_LOG_MIGRATIONS } from '@sophia/event-log/postgres';
import { createObservability } from '@sophia/observability';
import type { NewEvent, RecordId, WorkspaceId } from '@sophia/types';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { dealRows } from '../deals.ts';
import type { BenchRow, Sample } from '../protocol.ts';

const EVENTS = 100_000;
const SMOKE_EVENTS = 3_000;
const BATCH = 1_000;
const WORKSPACE = 1 as WorkspaceId;
const COLUMNS = 'workspace int, kind text, record_id bigint, source_system text, record_type text, source_id text, version int';
const NAMES = 'workspace, kind, record_id, source_system, record_type, source_id, version, actor, cause, data';

/** Row 10: transactions of 1,000 events each, read by a consumer group meanwhile; the reference copies as many at a time, then reads. */
export const eventLog: BenchRow = {
  number: 10,
  name: 'event-log',
  what: 'event log, append to consumed, in batches of 1,000',
  reference: 'the same rows inserted by COPY, 1,000 a transaction, and read by a cursor',
  unit: 'events/s',
  async prepare({ smoke, records }) {
    const count = smoke ? SMOKE_EVENTS : (records ?? EVENTS);
    const folder = await mkdtemp(join(tmpdir(), 'sophia-bench-log-'));
    const postgres = await startEmbeddedPostgres({ dataDirectory: folder });
    await migrate(postgres.connection('owner'), [EVENT_LOG_MIGRATIONS]);
    const observability = createObservability({ service: 'bench', version: '0', logLevel: 'silent' });
    const open = (role: 'app' | 'log') =>
      createPostgresDatabase({ connection: postgres.connection(role), role, pool: { minimum: 1, maximum: 8 } });
    const [app, log] = await Promise.all([open('app'), open('log')]);
    const events = await createPostgresEventLog({ app, log, logger: observability.logger });
    const client = new pg.Client({ ...postgres.connection('owner') });
    await client.connect();
    await client.query(
      `create table plain (position bigint generated always as identity primary key, ${COLUMNS}, actor jsonb, cause jsonb, data jsonb)`,
    );

    let consumed = 0;
    let reached = (): void => {};
    const subscription = await events.consume('bench', async (batch) => {
      consumed += batch.events.length;
      reached();
    });
    return {
      reference: () => copyAndRead(client, count),
      async ours() {
        const before = consumed;
        const begun = performance.now();
        const all = new Promise<void>((resolve) => {
          reached = () => (consumed - before >= count ? resolve() : undefined);
        });
        for (const batch of batches(count)) {
          await app.write([WORKSPACE], (transaction) => events.append(transaction, batch));
          events.wake();
        }
        await all;
        if (consumed - before !== count) throw new Error(`${consumed - before} events of ${count} were handed over`);
        return { operations: count, seconds: (performance.now() - begun) / 1000 };
      },
      async close() {
        await subscription.close();
        await events.close();
        await Promise.all([app.close(), log.close(), client.end()]);
        await postgres.stop();
        await observability.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
};

const copyAndRead = async (client: pg.Client, count: number): Promise<Sample> => {
  await client.query('truncate plain');
  const begun = performance.now();
  for (const batch of batches(count)) {
    await pipeline(Readable.from([batch.map(copyLine).join('')]), client.query(copyFrom(`copy plain (${NAMES}) from stdin`)));
  }
  await client.query('begin');
  await client.query('declare reading cursor for select * from plain order by position');
  let read = 0;
  for (;;) {
    const { rows } = await client.query(`fetch ${BATCH} from reading`);
    if (rows.length === 0) break;
    read += rows.length;
  }
  await client.query('commit');
  if (read !== count) throw new Error(`${read} rows of ${count} were read`);
  return { operations: count, seconds: (performance.now() - begun) / 1000 };
};

const ACTOR = { principal: 'bench', via: 'import' } as const;
const CAUSE = { import: 'bench' } as const;

function* batches(count: number): Generator<NewEvent[]> {
  let batch: NewEvent[] = [];
  let number = 0;
  for (const { source_id = '', ...data } of dealRows('e', count)) {
    number += 1;
    batch.push({
      workspace: WORKSPACE,
      kind: 'record.created',
      record: { id: String(number) as RecordId, source_system: 'bench', record_type: 'deal', source_id },
      version: 1,
      occurred_at: null,
      source_version: null,
      business_priority: null,
      created_at: null,
      actor: ACTOR,
      cause: CAUSE,
      data,
      previous: null,
      original: null,
    });
    if (batch.length < BATCH && number < count) continue;
    yield batch;
    batch = [];
  }
}

/** Text of COPY: no value of these rows has a tab, a line break or a backslash. */
const copyLine = ({ workspace, kind, record, version, actor, cause, data }: NewEvent): string =>
  `${[
    workspace,
    kind,
    record?.id,
    record?.source_system,
    record?.record_type,
    record?.source_id,
    version,
    JSON.stringify(actor),
    JSON.stringify(cause),
    JSON.stringify(data),
  ].join('\t')}\n`;
