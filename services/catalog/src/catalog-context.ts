import type { NaturalKey, WorkspaceId } from '@sophia/types';
import type { Gate } from './access/gate.ts';
import type { RowGuard } from './access/row-guard.ts';
import type { UnseenValues } from './access/unseen-values.ts';
import type { CatalogMetrics } from './catalog-metrics.ts';
import type { Collaborators } from './collaborators.ts';
import type { IdempotencyKeys } from './idempotency/idempotency-keys.ts';
import type { KeysInHand } from './idempotency/keys-in-hand.ts';
import type { KnownTokens } from './reading/known-tokens.ts';
import type { TypesGuard } from './record-types/judged-types.ts';
import type { RecordTypeBook } from './record-types/record-type-book.ts';
import type { BatchWriter } from './writing/write-batch.ts';
import type { ChunkWriter } from './writing/write-chunk.ts';

/** What the parts of the catalog share. */
export interface CatalogContext extends Collaborators {
  readonly gate: Gate;
  readonly guard: RowGuard;
  readonly unseenValues: UnseenValues;
  readonly book: RecordTypeBook;
  readonly keys: IdempotencyKeys;
  readonly inHand: KeysInHand;
  readonly typesGuard: TypesGuard;
  readonly writeBatch: BatchWriter;
  readonly writeChunk: ChunkWriter;
  readonly catalogMetrics: CatalogMetrics;
  readonly knownTokens: KnownTokens;
  /**
   * Called after each commit: wakes whoever follows the log, has policies ask again for users that changed, and remembers
   * the token where the caller is given it.
   */
  readonly committed: (workspace: WorkspaceId, records: readonly NaturalKey[], token?: string) => void;
}
