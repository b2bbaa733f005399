import { isSophiaError, SophiaError } from '@sophia/shared';
import { type Call, ERROR_CODES, type JsonObject, type NewEvent } from '@sophia/types';
import { systemEvent } from '../access/system-event.ts';
import type { ImportOptions, ImportReport } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import type { ImportStore } from './import-store.ts';

export interface ImportEnd {
  readonly importId: string;
  readonly options: ImportOptions;
  /** Source systems that its rows came from. */
  readonly sources: ReadonlySet<string>;
  /** Rows of the stream. */
  readonly through: number;
  readonly bytesRead: number | null;
  /** Time that it ran in all. */
  readonly milliseconds: number;
}

/** Marks an import as complete, and tells the log that its sources were synced. Resolves to the token of that commit. */
export async function finishImport(context: CatalogContext, store: ImportStore, call: Call, end: ImportEnd): Promise<string> {
  const { database, eventLog, audit, observability } = context;
  const { importId, through, milliseconds, bytesRead } = end;
  const { workspace } = call.principal;
  const { token } = await database.write([workspace], async (transaction) => {
    await Promise.all([
      store.finish(transaction, importId, { through, milliseconds, bytesRead, source: firstOf(end.sources) }),
      eventLog.append(transaction, syncEvents(call, end, { state: 'succeeded' })),
      audit.record(transaction, [{ call, action: 'import.finish', object: `import:${importId}`, rows: through, milliseconds }]),
    ]);
  });
  eventLog.wake();
  const text = eventLog.encodeToken(token);
  // The import is complete with or without the token, which spares a reader to wait.
  await store.keepToken(workspace, importId, text).catch((error: unknown) => {
    observability.logger.warn({ err: error, import: importId }, 'the token of a finished import is not kept');
  });
  return text;
}

/**
 * What ended an import early, as it is told. What breaks because nobody sends any more, or because this instance closes,
 * says less than that; an error with a code of its own says more.
 */
export function endingOf(error: unknown, signal: AbortSignal): unknown {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  const told = isSophiaError(error) || reason === undefined ? error : reason;
  // A caller who waits no more is, of an import, one who sends no more.
  return told === reason && isSophiaError(told, 'deadline_exceeded')
    ? new SophiaError('source_unreadable', 'The sender went away before the end; what was committed stays.', { cause: told })
    : told;
}

/** Keeps why an import ended early. One that was interrupted stays open; both can be resumed. */
export async function failImport(
  context: CatalogContext,
  store: ImportStore,
  call: Call,
  end: ImportEnd,
  { error, interrupted }: { readonly error: unknown; readonly interrupted: boolean },
): Promise<void> {
  const { database, eventLog, audit } = context;
  const { importId, milliseconds, through } = end;
  const code = isSophiaError(error) ? error.code : 'internal_error';
  const { title } = ERROR_CODES[code];
  // What a defect says is for the logs of whoever runs the import.
  const message = isSophiaError(error) ? error.message : title;
  await database.write([call.principal.workspace], async (transaction) => {
    const state = interrupted ? 'running' : 'failed';
    // Events are read by all: the last lines of a tap, with its addresses and rows, are for who may see where imports come from.
    const events = interrupted ? [] : syncEvents(call, end, { state: 'failed', code, message: title });
    await Promise.all([
      store.fail(transaction, importId, { state, failure: { code, message }, milliseconds, source: firstOf(end.sources) }),
      eventLog.append(transaction, events),
      audit.record(transaction, [{ call, action: 'import.fail', object: `import:${importId}`, result: code, rows: through, milliseconds }]),
    ]);
  });
  eventLog.wake();
}

const firstOf = (sources: ReadonlySet<string>): string | null => [...sources][0] ?? null;

function syncEvents(call: Call, { importId, options, sources }: ImportEnd, outcome: JsonObject): NewEvent[] {
  const names = options.sourceSystem === undefined ? [...sources].sort() : [options.sourceSystem];
  return names.map((source_system) => {
    const data = { source_system, import: importId, name: options.name, kind: options.kind, ...outcome };
    return systemEvent(call, 'sync.finished', { import: importId }, data);
  });
}

/** Whether the same stream goes on where it was: a tap goes on from its own bookmark instead. */
export const isReplayable = (kind: ImportReport['kind']): boolean => kind === 'file' || kind === 'http';
