import type { Database, Statement } from '@sophia/database';
import { type Clock, nearest, SophiaError } from '@sophia/shared';
import { BUILTIN_RECORD_TYPES, type FieldDefinition, type RecordTypeDefinition, type WorkspaceId } from '@sophia/types';
import { compileRowPreparer, type RowPreparer } from '../rows/prepare-row.ts';
import { withAddedFields } from './merge-definition.ts';

export type TypesByName = ReadonlyMap<string, RecordTypeDefinition>;

/**
 * The record types of each workspace, as they were at most a second ago. What this process defines, or applies of the log,
 * is there at once; writes find out by themselves whether another process has defined something meanwhile.
 */
export interface RecordTypeBook {
  types(workspace: WorkspaceId): Promise<TypesByName>;
  /** As they are now. */
  current(workspace: WorkspaceId): Promise<TypesByName>;
  /** Errors: `unknown_record_type`. */
  require(workspace: WorkspaceId, name: string): Promise<RecordTypeDefinition>;
  /** Judges rows of the type. Errors: `unknown_record_type`. */
  preparer(workspace: WorkspaceId, name: string): Promise<RowPreparer>;
  /** Reads them anew at the next call. */
  forget(workspace: WorkspaceId): void;
  /** Calls back before types are given that are others than those given before. */
  onChanged(callback: (workspace: WorkspaceId) => void): void;
}

/** Milliseconds that a reading serves. */
const KEPT = 1_000;

export function createRecordTypeBook({ database, clock }: { readonly database: Database; readonly clock: Clock }): RecordTypeBook {
  const readings = new Map<WorkspaceId, { readonly at: number; readonly types: Promise<TypesByName> }>();
  const lastRead = new Map<WorkspaceId, TypesByName>();
  const preparers = new WeakMap<RecordTypeDefinition, RowPreparer>();
  const callbacks: ((workspace: WorkspaceId) => void)[] = [];

  const read = async (workspace: WorkspaceId): Promise<TypesByName> => {
    try {
      const types = await readTypes(database, workspace, lastRead.get(workspace));
      const before = lastRead.get(workspace);
      lastRead.set(workspace, types);
      if (before !== undefined && !areSame(before, types)) for (const callback of callbacks) callback(workspace);
      return types;
    } catch (error) {
      readings.delete(workspace);
      throw error;
    }
  };
  const types = (workspace: WorkspaceId): Promise<TypesByName> => {
    const known = readings.get(workspace);
    if (known !== undefined && clock.monotonic() - known.at < KEPT) return known.types;
    const reading = { at: clock.monotonic(), types: read(workspace) };
    readings.set(workspace, reading);
    return reading.types;
  };
  const forget = (workspace: WorkspaceId): void => void readings.delete(workspace);
  const current = (workspace: WorkspaceId): Promise<TypesByName> => {
    forget(workspace);
    return types(workspace);
  };
  const require = async (workspace: WorkspaceId, name: string): Promise<RecordTypeDefinition> => {
    const kept = (await types(workspace)).get(name);
    if (kept !== undefined) return kept;
    // Another process may have defined it.
    const known = await current(workspace);
    const definition = known.get(name);
    if (definition !== undefined) return definition;
    const names = [...known.keys()];
    const near = nearest(name, names);
    const hint = near === undefined ? `it has ${names.join(', ')}.` : `did you mean ${near}?`;
    throw new SophiaError('unknown_record_type', `This workspace has no record type ${JSON.stringify(name)}; ${hint}`, {
      details: { record_type: name, nearest: near === undefined ? [] : [near] },
    });
  };
  return {
    types,
    current,
    require,
    async preparer(workspace, name) {
      const definition = await require(workspace, name);
      const preparer = preparers.get(definition) ?? compileRowPreparer(definition);
      preparers.set(definition, preparer);
      return preparer;
    },
    forget,
    onChanged: (callback) => void callbacks.push(callback),
  };
}

/** Types do not go away, and one that did not change is the same object. */
const areSame = (one: TypesByName, other: TypesByName): boolean => [...other].every(([name, type]) => one.get(name) === type);

interface StoredType {
  readonly name: string;
  readonly revision: number;
  readonly definition: Pick<RecordTypeDefinition, 'description' | 'fields' | 'owner'>;
}

/** Definitions that did not change stay the same objects, so that what was compiled from them is kept. */
async function readTypes(database: Database, workspace: WorkspaceId, before: TypesByName | undefined): Promise<TypesByName> {
  const stored = await database.select<StoredType>([workspace], READ_TYPES);
  const types = new Map<string, RecordTypeDefinition>(BUILTIN_RECORD_TYPES.map((type) => [type.name, type]));
  for (const { name, revision, definition } of stored) {
    const same = before?.get(name);
    types.set(name, same?.revision === revision ? same : fromStored(name, revision, definition));
  }
  return types;
}

export function fromStored(name: string, revision: number, definition: StoredType['definition']): RecordTypeDefinition {
  const builtin = BUILTIN_RECORD_TYPES.find((type) => type.name === name);
  const fields: readonly FieldDefinition[] = definition.fields;
  return builtin === undefined ? { ...definition, name, origin: 'workspace', revision } : withAddedFields(builtin, fields, revision);
}

const READ_TYPES: Statement = {
  name: 'catalog_read_types',
  text: 'select name, revision, definition from record_type order by name',
};
