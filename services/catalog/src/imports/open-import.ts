import { isDeepStrictEqual } from 'node:util';
import type { Session } from '@sophia/database';
import { SophiaError } from '@sophia/shared';
import type { Call, JsonValue } from '@sophia/types';
import type { ImportOptions, RunningImport } from '../catalog.ts';
import type { CatalogContext } from '../catalog-context.ts';
import { checkKey, type KeyState, type KeyUse, keyInUse, keyReused } from '../idempotency/idempotency-keys.ts';
import { keyUse } from '../idempotency/key-use.ts';
import { isReplayable } from './import-end.ts';
import { ASSUMED, type ImportRunRow, stateOf } from './import-row.ts';
import { type ImportStore, lockImport } from './import-store.ts';
import { emptyHash, type LaneState } from './lane.ts';

/** An import that this process may write: it holds the lock. */
export interface OpenedImport {
  readonly id: string;
  readonly origin: RunningImport['origin'];
  readonly lanes: readonly LaneState[];
  readonly lastState: JsonValue | null;
  /** Milliseconds that it ran before. */
  readonly ranBefore: number;
  /** For rows that are not those of before. */
  readonly changed: () => SophiaError;
}

export interface OpenImportOptions {
  readonly context: CatalogContext;
  readonly store: ImportStore;
  readonly newId: () => string;
  readonly lanes: number;
}

/** Makes an import, or finds the one that the options name, and takes its lock for as long as the session lives. */
export async function openImport(
  { context, store, newId, lanes }: OpenImportOptions,
  session: Session,
  call: Call,
  options: ImportOptions,
): Promise<OpenedImport> {
  const { workspace } = call.principal;
  if (options.resume !== undefined) {
    const row = await store.read(workspace, options.resume);
    if (!isReplayable(row.kind)) {
      throw new SophiaError(
        'invalid_request',
        `An import of kind ${row.kind} goes on by starting it again: it continues from its last state.`,
      );
    }
    if (!(await lockImport(session, row.id))) throw new SophiaError('import_running', `The import ${row.id} is running at the moment.`);
    const opened = await reopen(store, call, row.id, sourceChanged(row.id));
    if (opened.origin === 'repeated') throw new SophiaError('import_finished', `The import ${row.id} is complete.`);
    return opened;
  }
  const use = keyUse(call, options.idempotency, 'import', options.kind);
  if (use !== undefined) checkKey(use);
  const id = newId();
  await lockImport(session, id);
  const known = await insert(context, store, call, { id, options, lanes, use });
  if (known !== undefined && use !== undefined) {
    if (!isSameRequest(await store.read(workspace, known), options)) throw keyReused(use);
    if (!(await lockImport(session, known))) throw keyInUse(use);
    return reopen(store, call, known, () => keyReused(use, `, ${OR_TYPE_CHANGED}`));
  }
  return {
    id,
    origin: 'new',
    lanes: Array.from({ length: lanes }, (_, lane) => ({ lane, committedThrough: 0, rollingHash: emptyHash() })),
    lastState: isReplayable(options.kind) ? null : await store.lastState(workspace, options.kind, options.name),
    ranBefore: 0,
    changed: sourceChanged(id),
  };
}

/** Resolves to the import that the key names already, where it does. */
async function insert(
  { database, keys, audit }: CatalogContext,
  store: ImportStore,
  call: Call,
  { id, options, lanes, use }: { id: string; options: ImportOptions; lanes: number; use: KeyUse | undefined },
): Promise<string | undefined> {
  const { workspace, id: principal } = call.principal;
  const { value } = await database.write([workspace], async (transaction) => {
    const [state] = use === undefined ? [] : await keys.claim(transaction, [use], id);
    const known = use === undefined || state === undefined ? undefined : importOf(use, state);
    if (known !== undefined) return known;
    await Promise.all([
      store.insert(transaction, { workspace, id, options, principal, lanes }),
      audit.record(transaction, [
        { call, action: 'import.start', object: `import:${id}`, milliseconds: 0, details: { name: options.name, kind: options.kind } },
      ]),
    ]);
    return undefined;
  });
  return value;
}

/** Whether all but the rows is the same. Parameters that are kept went through JSON. */
const isSameRequest = (
  { name, source_system, parameters: { [ASSUMED]: _, ...parameters } }: ImportRunRow,
  options: ImportOptions,
): boolean =>
  name === options.name &&
  (options.sourceSystem === undefined || source_system === options.sourceSystem) &&
  isDeepStrictEqual(parameters, JSON.parse(JSON.stringify(options.parameters ?? {})));

function importOf(use: KeyUse, state: KeyState): string | undefined {
  switch (state.state) {
    case 'new':
      return undefined;
    case 'reused':
      throw keyReused(use);
    case 'used':
      // No other request has the fingerprint of an import.
      return state.importId as string;
  }
}

async function reopen(store: ImportStore, call: Call, id: string, changed: () => SophiaError): Promise<OpenedImport> {
  const { workspace } = call.principal;
  // Read again under the lock: whoever had it until now may have finished it.
  const row = await store.read(workspace, id);
  if (row.state !== 'finished') await store.reopen(workspace, id);
  return {
    id,
    origin: row.state === 'finished' ? 'repeated' : 'resumed',
    lanes: await store.lanes(workspace, id),
    lastState: stateOf(row.last_state),
    ranBefore: Number(row.milliseconds),
    changed,
  };
}

/** Rows are compared as they are read. */
const OR_TYPE_CHANGED = 'or their record type was altered since: start a new one, which leaves alone what is the same';

const sourceChanged = (id: string) => () =>
  new SophiaError(
    'import_source_changed',
    `The rows before the place of interruption are not those that the import ${id} has committed, ${OR_TYPE_CHANGED}.`,
  );
