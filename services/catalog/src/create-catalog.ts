import { createGate } from './access/gate.ts';
import { createUnseenValues } from './access/unseen-values.ts';
import { createWriteGuard } from './access/write-guard.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogContext } from './catalog-context.ts';
import { createCatalogMetrics } from './catalog-metrics.ts';
import type { Collaborators } from './collaborators.ts';
import { createDeadLetters } from './dead-letters/dead-letters.ts';
import { createIdempotencyKeys } from './idempotency/idempotency-keys.ts';
import { createKeysInHand } from './idempotency/keys-in-hand.ts';
import { createImports } from './imports/imports.ts';
import { createEventFeed } from './reading/event-feed.ts';
import { createHistory } from './reading/history.ts';
import { createKnownTokens } from './reading/known-tokens.ts';
import { createRecordReader } from './reading/record-reader.ts';
import { createSources } from './reading/sources.ts';
import { byCurrentTypes } from './record-types/by-current-types.ts';
import { createTypesGuard } from './record-types/judged-types.ts';
import { createRecordTypeBook, type RecordTypeBook } from './record-types/record-type-book.ts';
import { createRecordTypes } from './record-types/record-types.ts';
import { createChangesById } from './records/change-by-id.ts';
import { createErase } from './records/erase.ts';
import { createRecordWriter } from './records/record-writer.ts';
import { createUpsert } from './records/upsert.ts';
import { createUpsertMany } from './records/upsert-many.ts';
import { createWriteInOwnTransaction } from './records/write-in-own-transaction.ts';
import { createNewRecords } from './writing/new-records.ts';
import { readRecordIdBase } from './writing/record-id-base.ts';
import { createBatchWriter } from './writing/write-batch.ts';
import { createChunkWriter } from './writing/write-chunk.ts';

export interface CatalogOptions extends Collaborators {
  /** What it shares with `createDirectory`; made for it unless given. */
  readonly recordTypes?: RecordTypeBook | undefined;
  /** Transactions at once of single writes, and of imports; 2 unless told. */
  readonly connections?: number | undefined;
  /** Imports that one principal may have at once; 4 unless told. */
  readonly importsPerPrincipal?: number | undefined;
  /** Milliseconds that rows of a slow import wait for more; 200 unless told. */
  readonly linger?: number | undefined;
  /** Records that a page looks at where its rows are chosen among them; 100,000 unless told. */
  readonly portion?: number | undefined;
}

/** The write side over the tables of `CATALOG_MIGRATIONS`. */
export async function createCatalog(options: CatalogOptions): Promise<Catalog> {
  const { database, eventLog, policy, clock, observability, connections = 2, importsPerPrincipal = 4, linger, portion } = options;
  const { metrics } = observability;
  const book = options.recordTypes ?? createRecordTypeBook({ database, clock });
  book.onChanged((workspace) => policy.forget(workspace));
  const recordIdBase = await readRecordIdBase(database);
  const newRecords = createNewRecords();
  const knownTokens = createKnownTokens();
  const typesGuard = createTypesGuard(database, book);
  const context: CatalogContext = {
    ...options,
    book,
    gate: createGate(options),
    guard: createWriteGuard(database, book),
    unseenValues: createUnseenValues(database, book),
    keys: createIdempotencyKeys(database),
    inHand: createKeysInHand(),
    typesGuard,
    writeBatch: createBatchWriter(database, recordIdBase, newRecords, typesGuard),
    writeChunk: createChunkWriter(database, recordIdBase, newRecords, typesGuard),
    catalogMetrics: createCatalogMetrics(metrics),
    knownTokens,
    committed(workspace, records, token) {
      eventLog.wake();
      for (const { record_type, source_system, source_id } of records) {
        if (record_type === 'user') policy.forgetUser(workspace, { source_system, source_id });
      }
      // Beside other processes, some of what came before the write may be theirs.
      if (options.isAlone && token !== undefined) knownTokens.add(token);
    },
  };
  const writer = createRecordWriter({ ...context, transactions: connections });
  metrics.observedGauge(
    { name: 'sophia_catalog_waiting_writes', help: 'Single writes that wait for a transaction.' },
    () => writer.waiting,
  );
  const writeAlone = createWriteInOwnTransaction(context);
  const changes = createChangesById(context, writeAlone);
  const imports = createImports({ context, lanes: connections, perPrincipal: importsPerPrincipal, linger });

  return {
    records: {
      upsert: byCurrentTypes(createUpsert(context, writer, writeAlone)),
      upsertMany: byCurrentTypes(createUpsertMany(context)),
      patch: byCurrentTypes(changes.patch),
      delete: changes.delete,
      erase: createErase(context),
      ...createRecordReader(context, portion),
      history: createHistory(context),
    },
    recordTypes: createRecordTypes(context),
    imports,
    deadLetters: createDeadLetters(context),
    events: createEventFeed(context),
    sources: createSources(context),
    async close() {
      await imports.close();
      await writer.close();
    },
  };
}
