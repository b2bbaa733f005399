import type { Bulkhead } from '@sophia/shared';
import { isSophiaError } from '@sophia/shared';
import type { Call } from '@sophia/types';
import { causeOf } from '../access/attribution.ts';
import { maskedFields } from '../access/masked-fields.ts';
import type { ImportItem, ImportOptions, ImportRow, WriteTarget } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { checkTarget } from '../records/write-target.ts';
import type { PreparedRow } from '../rows/incoming-record.ts';
import { admitWrites } from './admit-writes.ts';
import { CHUNK_ROWS } from './cut-chunks.ts';
import { endingOf, failImport, finishImport, type ImportEnd } from './import-end.ts';
import { writeRounds } from './import-pipeline.ts';
import { createProgressMeter } from './import-progress.ts';
import type { ImportStore } from './import-store.ts';
import { createLane } from './lane.ts';
import type { OpenedImport } from './open-import.ts';
import { readRounds } from './read-rounds.ts';
import type { OpenRound, Round } from './round.ts';

export interface RunImportOptions {
  readonly context: CatalogContext;
  readonly store: ImportStore;
  readonly transactions: Bulkhead;
  /** Milliseconds that rows of a slow stream wait for more. */
  readonly linger: number;
}

/** Takes an import to its end, or as far as it comes. */
export async function runImport(
  { context, store, transactions, linger }: RunImportOptions,
  call: Call & { readonly signal: AbortSignal },
  { options, opened, items }: { readonly options: ImportOptions; readonly opened: OpenedImport; readonly items: AsyncIterable<ImportItem> },
): Promise<void> {
  const { clock } = context;
  const importId = opened.id;
  const { workspace } = call.principal;
  const cause = { ...causeOf(call), import: importId };
  const lanes = opened.lanes.map((state) => createLane(state, opened.changed));
  const sources = new Set<string>();
  const meter = createProgressMeter({ clock, bytesTotal: options.bytesTotal, onProgress: options.onProgress });
  let through = 0;

  const open = async (wanted: WriteTarget, access: OpenRound['access']): Promise<(row: ImportRow) => PreparedRow> => {
    const target = checkTarget(wanted);
    const { recordType, sourceSystem } = target;
    const prepare = await context.book.preparer(workspace, recordType);
    const ofType = access.get(recordType) ?? (await admitWrites(context, call, recordType));
    access.set(recordType, ofType);
    sources.add(sourceSystem);
    const masked = maskedFields(ofType);
    return (row) => prepare(row, target, masked);
  };
  const skip = (lane: number, place: number, prepared: PreparedRow): boolean => {
    through = place;
    if (lanes[lane]?.skips(place, prepared) === true) return true;
    if (opened.origin === 'repeated') throw opened.changed();
    return false;
  };
  const onCommitted = async ({ state, bytesRead }: Round): Promise<void> => {
    meter.read(bytesRead);
    const milliseconds = opened.ranBefore + meter.milliseconds;
    if (meter.noteIsDue() || state !== undefined)
      await store.note(workspace, importId, { bytesRead: meter.bytesRead, state, milliseconds });
    if (state !== undefined) options.onState?.(state);
    meter.tell();
  };
  const end = (): ImportEnd => ({
    importId,
    options,
    sources,
    through,
    bytesRead: meter.bytesRead,
    milliseconds: opened.ranBefore + meter.milliseconds,
  });

  try {
    const rounds = readRounds(items, {
      lanes: lanes.length,
      rows: CHUNK_ROWS * lanes.length,
      linger,
      open,
      committed: Math.max(...lanes.map((lane) => lane.committedThrough)),
      onPassed: () => {
        for (const lane of lanes) lane.verify();
      },
      skip,
      clock,
      signal: call.signal,
    });
    await writeRounds(context, rounds, { call, importId, cause, lanes, store, transactions, onWritten: meter.count, onCommitted });
    if (opened.origin !== 'repeated') await finishImport(context, store, call, end());
    meter.tell(true);
  } catch (error) {
    const isOurs = opened.origin !== 'repeated' && !isSophiaError(error, 'import_taken_over');
    const ending = endingOf(error, call.signal);
    if (isOurs) await failImport(context, store, call, end(), { error: ending, interrupted: call.signal.aborted });
    throw ending;
  }
}
