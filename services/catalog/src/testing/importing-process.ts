import { createAuth } from '@sophia/auth';
import { createPostgresDatabase, type PostgresConnection } from '@sophia/database/postgres';
import { createPostgresEventLog } from '@sophia/event-log/postgres';
import { createTestObservability } from '@sophia/observability/testing';
import { systemClock } from '@sophia/shared';
import type { Call } from '@sophia/types';
import type { ImportItem } from '../catalog.ts';
import { createCatalog } from '../create-catalog.ts';
import { createDirectory } from '../directory.ts';
import { createRecordTypeBook } from '../record-types/record-type-book.ts';
import { numberedItems } from './numbered-items.ts';

/** What a test tells the process that it will kill. */
export interface ImportingOrder {
  readonly app: PostgresConnection;
  readonly log: PostgresConnection;
  readonly call: Call;
  /** Rows of the stream before it hangs. */
  readonly rows: number;
  readonly key: string;
}

// A process of its own that imports numbered rows and prints its progress, to be killed at any moment.
const order: ImportingOrder = JSON.parse(process.argv[2] ?? '');
const database = await createPostgresDatabase({ connection: order.app, role: 'app', pool: { minimum: 1, maximum: 8 } });
const log = await createPostgresDatabase({ connection: order.log, role: 'log', pool: { minimum: 1, maximum: 4 } });
const observability = createTestObservability();
const eventLog = await createPostgresEventLog({ app: database, log, logger: observability.logger });
const recordTypes = createRecordTypeBook({ database, clock: systemClock });
const auth = await createAuth({
  database,
  clock: systemClock,
  observability,
  directory: createDirectory(database, recordTypes),
  configuration: {
    issuers: [],
    rateLimit: { requestsPerSecond: 1_000, burst: 1_000 },
    audit: { retentionDays: 30, bufferEntries: 1_000 },
    workspace: 'main',
  },
});
const { policies: policy, authentication, audit } = auth;
const catalog = await createCatalog({
  database,
  eventLog,
  policy,
  authentication,
  audit,
  clock: systemClock,
  hasApplied: async () => false,
  isAlone: false,
  observability,
  recordTypes,
});
const { id, finished } = await catalog.imports.start(
  order.call,
  { name: 'numbered', kind: 'http', idempotency: { route: 'POST /records/product', key: order.key } },
  neverEnding(numberedItems(order.rows)),
);
process.stdout.write(`${id}\n`);
await finished;

async function* neverEnding(items: AsyncIterable<ImportItem>): AsyncGenerator<ImportItem> {
  yield* items;
  await new Promise(() => {});
}
