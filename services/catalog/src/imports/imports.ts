import type { CallOptions } from '@sophia/database';
import { createBulkhead, createIdGenerator, isGeneratedId, isSophiaError, SophiaError } from '@sophia/shared';
import { type Call, limitsOf } from '@sophia/types';
import { maySome, seesComing } from '../access/some-records.ts';
import type { ImportItem, ImportOptions, ImportPlace, ImportReport, Imports, RunningImport } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { boundedPageOf, decodeCursor, pageLimit, unknownCursor } from '../reading/cursor.ts';
import { errorsSeenBy, type ReportSight, seenReport } from './import-row.ts';
import { createImportStore } from './import-store.ts';
import { type OpenedImport, openImport } from './open-import.ts';
import { createPrincipalPlaces } from './principal-places.ts';
import { runImport } from './run-import.ts';

export interface ImportsOptions {
  readonly context: CatalogContext;
  /** Transactions at once, of all imports together; lanes of each. */
  readonly lanes: number;
  /** Imports that one principal may have at once, those that wait included. */
  readonly perPrincipal: number;
  /** Milliseconds that rows of a slow stream wait for more; 200 unless told. */
  readonly linger?: number | undefined;
}

/** Imports at once; each holds a connection for its lock. */
const IMPORTS_AT_ONCE = 8;
const IMPORTS_WAITING = 100;

export function createImports({ context, lanes, perPrincipal, linger = 200 }: ImportsOptions): Imports & { close(): Promise<void> } {
  const { database, audit, clock, policy, gate, book } = context;
  const store = createImportStore(database);
  const newId = createIdGenerator({ clock });
  const places = createBulkhead({ name: 'imports', concurrency: IMPORTS_AT_ONCE, queue: IMPORTS_WAITING });
  const transactions = createBulkhead({ name: 'import transactions', concurrency: lanes, queue: IMPORTS_AT_ONCE * lanes });
  const closing = new AbortController();
  const ofPrincipal = createPrincipalPlaces(perPrincipal, closing.signal);
  const running = new Set<Promise<unknown>>();

  const resolve = ({ principal }: Call) => Promise.all([policy.resolve(principal), book.types(principal.workspace)]);
  const sightOf = async (call: Call): Promise<ReportSight> => {
    const [resolved, types] = await resolve(call);
    if (!seesComing(resolved, types)) await gate.refuse(call, 'read', 'imports');
    return {
      seenErrorsOf: errorsSeenBy(resolved, types),
      seesOrigin: maySome(resolved, types, 'write') || resolved.can('administer'),
    };
  };
  const read = async (call: Call, id: string, limits?: CallOptions): Promise<ImportReport> => {
    const sight = await sightOf(call);
    return seenReport(await store.read(call.principal.workspace, id, limits), sight);
  };
  const permit = async (call: Call): Promise<ImportPlace> => {
    const [resolved, types] = await resolve(call);
    if (!maySome(resolved, types, 'write')) await gate.refuse(call, 'write', 'imports');
    return ofPrincipal.take(call.principal);
  };
  const stop = (): void => {
    closing.abort(new SophiaError('unavailable', 'This instance is closing; the import can be resumed.', { retryAfter: 1 }));
  };
  const run = async (
    call: Call & { readonly signal: AbortSignal },
    options: ImportOptions,
    items: AsyncIterable<ImportItem>,
    onOpened: (opened: OpenedImport) => void,
  ): Promise<ImportReport> => {
    const session = await database.openSession();
    try {
      const opened = await openImport({ context, store, newId, lanes }, session, call, options);
      onOpened(opened);
      await runImport({ context, store, transactions, linger }, call, { options, opened, items });
      return await read(call, opened.id);
    } finally {
      await session.close();
    }
  };
  const begin: Imports['start'] = async (outer, options, items, given) => {
    closing.signal.throwIfAborted();
    const signal = outer.signal === undefined ? closing.signal : AbortSignal.any([outer.signal, closing.signal]);
    const call = { ...outer, signal };
    const place = given ?? (await permit(call));
    const opened = Promise.withResolvers<OpenedImport>();
    const finished = places.run(() => run(call, options, items, opened.resolve), call.signal).finally(place.leave);
    running.add(finished);
    finished.catch(opened.reject).finally(() => running.delete(finished));
    const { id, origin, lastState } = await opened.promise;
    return { id, origin, lastState, finished } satisfies RunningImport;
  };
  return {
    permit,
    async start(call, options, items, given) {
      try {
        return await begin(call, options, items, given);
      } catch (error) {
        leaveUnread(items);
        throw error;
      }
    },
    async get(call, id) {
      const begun = clock.monotonic();
      const audited = (result: 'ok' | 'not_found') =>
        audit.read({
          call,
          action: 'read',
          object: `import:${id}`,
          result,
          rows: result === 'ok' ? 1 : 0,
          milliseconds: clock.monotonic() - begun,
        });
      const report = await read(call, id, limitsOf(call)).catch(async (error: unknown) => {
        if (isSophiaError(error, 'not_found') && isGeneratedId(id)) await audited('not_found');
        throw error;
      });
      await audited('ok');
      return report;
    },
    async list(call, options = {}) {
      const begun = clock.monotonic();
      const limit = pageLimit(options.limit);
      const [before = null] = options.cursor === undefined ? [] : decodeCursor('imports', options.cursor, 1);
      if (before !== null && !isGeneratedId(before)) throw unknownCursor();
      const sight = await sightOf(call);
      const wanted = { before, state: options.state ?? null, limit: limit + 1 };
      const rows = await store.list(call.principal.workspace, wanted, limitsOf(call));
      const page = boundedPageOf('imports', rows, { found: rows[0]?.found ?? 0, limit, place: ({ id }) => [id] });
      await audit.read({ call, action: 'list', object: 'imports', rows: page.items.length, milliseconds: clock.monotonic() - begun });
      return { ...page, items: page.items.map((row) => seenReport(row, sight)) };
    },
    stop,
    async close() {
      stop();
      await Promise.allSettled(running);
    },
  };
}

/** Lets go of what the items hold, such as a copy of their file; one that hangs must not hold up who is refused. */
function leaveUnread(items: AsyncIterable<ImportItem>): void {
  Promise.resolve(items[Symbol.asyncIterator]().return?.()).catch(() => undefined);
}
