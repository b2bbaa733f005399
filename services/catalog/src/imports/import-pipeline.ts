import type { Bulkhead } from '@sophia/shared';
import type { Call, Cause, WriteCounts } from '@sophia/types';
import type { CatalogContext } from '../catalog-context.ts';
import { cutChunks } from './cut-chunks.ts';
import { deleteOlderVersions } from './delete-older-versions.ts';
import type { ImportStore } from './import-store.ts';
import type { Lane } from './lane.ts';
import type { PlacedRow, Round } from './round.ts';
import { writeLaneChunk } from './write-lane-chunk.ts';

export interface PipelineOptions {
  readonly call: Call;
  readonly importId: string;
  /** Of all its events. */
  readonly cause: Cause;
  readonly lanes: readonly Lane[];
  readonly store: ImportStore;
  /** Bounds the transactions of all imports. */
  readonly transactions: Bulkhead;
  /** Called with the counts of each chunk. */
  readonly onWritten: (counts: WriteCounts) => void;
  /** Called in the order of the rounds, when everything up to the round's end is committed. */
  readonly onCommitted: (round: Round) => Promise<void>;
}

/** Rounds between the reader and the database: the next one is judged while the last one is written. */
const ROUNDS_IN_HAND = 2;

/**
 * Writes the rounds of an import. Each lane takes its shares one after the other, lanes do not wait
 * for each other; what is told of a round is told when all lanes have passed it.
 */
export async function writeRounds(context: CatalogContext, rounds: AsyncIterable<Round>, options: PipelineOptions): Promise<void> {
  const { lanes, cause, onCommitted } = options;
  const ends: Promise<void>[] = lanes.map(() => Promise.resolve());
  const inHand: Promise<void>[] = [];
  let last: Promise<void> = Promise.resolve();
  try {
    for await (const round of rounds) {
      const shares = lanes.map((lane, index) => {
        const share = Promise.resolve(ends[index]).then(() => writeShare(context, lane, round, options));
        ends[index] = share;
        return share;
      });
      const before = last;
      last = Promise.all([before, ...shares]).then(() => onCommitted(round));
      // Awaited below; until then a failure must not count as unhandled.
      last.catch(() => undefined);
      inHand.push(last);
      if (round.activate !== undefined) {
        await last;
        await deleteOlderVersions(context, options.store, options.call, {
          ...round.activate,
          importId: options.importId,
          cause,
        });
      }
      if (inHand.length >= ROUNDS_IN_HAND) await inHand.shift();
    }
  } catch (error) {
    // Whoever is told of the failure finds what was written before it; a failure to write counts more.
    await last;
    throw error;
  }
  await last;
}

async function writeShare(context: CatalogContext, lane: Lane, round: Round, options: PipelineOptions): Promise<void> {
  const { call, cause, importId, transactions, onWritten } = options;
  // A round has a share for each lane, and a chunk has rows.
  const chunks = cutChunks(round.lanes[lane.number] as readonly PlacedRow[]);
  for (const [index, rows] of chunks.entries()) {
    const through = index === chunks.length - 1 ? round.end : (rows.at(-1) as PlacedRow).place;
    const chunk = { importId, cause, lane, rows, through, access: round.access };
    onWritten(await transactions.run(() => writeLaneChunk(context, call, chunk), call.signal));
  }
}
